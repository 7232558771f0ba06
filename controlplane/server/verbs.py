"""The verbs, in one place. Every door (gRPC today) reaches them through the front, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from controlplane.api import errors
from controlplane.server import requests, subresources
from controlplane.server.application import Application
from controlplane.server.backend import Backend
from controlplane.server.conversion import Conversion
from controlplane.server.creation import Creation
from controlplane.server.deletion import Deletion
from controlplane.server.discovery import Discovery
from controlplane.server.modification import Modification
from controlplane.server.reads import Page, Reads
from controlplane.server.users import Caller
from controlplane.server.watches import Watches
from controlplane.store.records import Record
from protos.v1 import resources_pb2 as wire


class Made(Protocol):
    """A kind whose objects are not stored but made when they are asked for. Each method authorizes by itself."""

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record: ...

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page: ...

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record: ...


class Part(Protocol):
    """A subresource with a body of its own. Each method authorizes by itself."""

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record: ...

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record: ...

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record: ...

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record: ...


class Verbs:
    """`made` are the kinds that are not stored, by resource; `parts` the subresources that have bodies, by name."""

    def __init__(self, backend: Backend, made: Mapping[str, Made], parts: Mapping[str, Part]) -> None:
        self._catalogue = backend.store.catalogue
        self._made, self._parts = made, parts
        self._reads = Reads(backend)
        self._watches = Watches(backend)
        self._creation = Creation(backend)
        self._modification = Modification(backend)
        self._deletion = Deletion(backend, self._modification)
        self._application = Application(backend, self._creation, self._modification)
        self.kinds = Discovery(backend.store.catalogue, backend.authorizer).kinds
        self.convert = Conversion(backend.store.catalogue, backend.authorizer).convert

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        if request.subresource not in subresources.READ_AS_WHOLE:
            return await self._part(request.resource, request.subresource).get(caller, request)
        kind = requests.kind_for(self._catalogue, request.resource, "get")
        made = self._made.get(kind.resource)
        return await (made.get if made else self._reads.get)(caller, request)

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        kind = requests.kind_for(self._catalogue, request.resource, "list")
        made = self._made.get(kind.resource)
        return await (made.list if made else self._reads.list)(caller, request)

    def watch(self, caller: Caller, request: wire.WatchRequest) -> AsyncIterator[bytes]:
        return self._watches.watch(caller, request)

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        if request.subresource:
            return await self._part(request.resource, request.subresource).create(caller, request)
        kind, _ = requests.kind_in(self._catalogue, request.object)
        requests.kind_for(self._catalogue, kind.resource, "create")
        made = self._made.get(kind.resource)
        return await (made.create if made else self._creation.create)(caller, request)

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        if request.subresource in self._parts:
            return await self._part(request.resource, request.subresource).update(caller, request)
        return await self._modification.update(caller, request)

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        if request.subresource in self._parts:
            return await self._part(request.resource, request.subresource).patch(caller, request)
        if request.type == wire.PatchRequest.APPLY:
            return await self._application.apply(caller, request)
        return await self._modification.patch(caller, request)

    async def delete(self, caller: Caller, request: wire.DeleteRequest) -> Record:
        return await self._deletion.delete(caller, request)

    async def delete_collection(self, caller: Caller, request: wire.DeleteCollectionRequest) -> Sequence[Record]:
        return await self._deletion.delete_collection(caller, request)

    async def bind(self, caller: Caller, request: wire.BindRequest) -> Record:
        return await self._modification.bind(caller, request)

    async def write(self, caller: Caller, write: wire.WriteRequest) -> Record:
        """One write of a batch."""
        match write.WhichOneof("write"):
            case "create":
                return await self.create(caller, write.create)
            case "update":
                return await self.update(caller, write.update)
            case "patch":
                return await self.patch(caller, write.patch)
            case "delete":
                return await self.delete(caller, write.delete)
            case "bind":
                return await self.bind(caller, write.bind)
            case _:
                raise errors.BadRequest("write: required; set one of create, update, patch, delete, bind")

    def _part(self, resource: str, subresource: str) -> Part:
        kind = self._catalogue.by_resource(resource)
        part = self._parts.get(subresource)
        if kind is None or part is None or subresource not in kind.subresources:
            raise errors.NotFound(f'{resource or "the resource"} has no subresource "{subresource}"', kind=resource)
        return part
