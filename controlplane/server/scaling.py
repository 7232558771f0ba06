"""Subresource `scale`: the size of a workload, read and set without touching the rest of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controlplane.api import errors, registry, scale
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server import patching, requests
from controlplane.server.backend import Backend
from controlplane.server.modification import Intent, Modification
from controlplane.server.refusals import refuse
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import resources_pb2 as wire
from protos.v1.scale_pb2 import Scale

_NAME = "scale"


class Scaling:
    """The `Part` of every kind that has a size."""

    def __init__(self, backend: Backend) -> None:
        self._authorizer, self._store = backend.authorizer, backend.store
        self._modification = Modification(backend)

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        kind = self._kind(request.resource)
        key = requests.key_for(kind, request.namespace, request.name)
        self._authorizer.check(caller, "get", kind, key, _NAME)
        record = await self._store.get(kind, key)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return _scale_record(kind, record)

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        raise errors.MethodNotAllowed(
            f"{request.resource}/{_NAME} does not support create; it has get, patch, update", kind=request.resource
        )

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        kind = self._kind(request.resource)
        body = _body(request.object, kind)
        key = requests.key_for(kind, body.metadata.namespace, body.metadata.name)
        self._authorizer.check(caller, "update", kind, key, _NAME)
        intent = Intent("update", _NAME, body.metadata.resource_version, request.dry_run, request.field_manager)
        return await self._resize(caller, kind, key, lambda _: body, intent)

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        kind = self._kind(request.resource)
        key = requests.key_for(kind, request.namespace, request.name)
        self._authorizer.check(caller, "patch", kind, key, _NAME)
        patch = patching.read(kind, request, caller)
        intent = Intent("patch", _NAME, patch.version, request.dry_run, request.field_manager)
        return await self._resize(caller, kind, key, lambda old: patching.apply(registry.SCALES, old, patch), intent)

    async def _resize(
        self, caller: Caller, kind: Kind[Any], key: Key, size: Callable[[Scale], Scale], intent: Intent
    ) -> Record:
        """Gives the object the size that `size` makes of its present one."""

        def change(old: ApiObject) -> ApiObject:
            before = _scale_of(kind, old)
            body = size(before)
            if body.metadata.uid not in ("", before.metadata.uid):
                raise errors.Conflict(
                    f'{kind.resource} "{key.name}": the object with uid {body.metadata.uid} is gone and another has its '
                    f"name (uid {before.metadata.uid}); read it again",
                    kind=kind.resource,
                    name=key.name,
                )
            refuse(kind, old, scale.problems_of(body))
            new = scale.with_replicas(kind, old, body.spec.replicas)
            if new != old and kind.has_generation:
                new.metadata.generation = old.metadata.generation + 1
            return new

        return _scale_record(kind, await self._modification.modify(caller, kind, key, change, intent))

    def _kind(self, resource: str) -> Kind[Any]:
        kind = self._store.catalogue.by_resource(resource)
        if kind is None or not kind.has_scale:
            raise errors.NotFound(f'{resource or "the resource"} has no subresource "{_NAME}"', kind=resource)
        return kind


def _body(box: wire.Object, kind: Kind[Any]) -> Scale:
    if box.WhichOneof("kind") != registry.SCALES.field:
        raise errors.BadRequest(f"object: required; set scale, the size of {kind.resource}", kind=kind.resource)
    return box.scale


def _scale_of(kind: Kind[Any], obj: ApiObject) -> Scale:
    try:
        return scale.scale_of(kind, obj)
    except ValueError as error:
        name = obj.metadata.name
        raise errors.StatusError(f'{kind.resource} "{name}": {error}', kind=kind.resource, name=name) from error


def _scale_record(kind: Kind[Any], record: Record) -> Record:
    body = _scale_of(kind, record.message())
    return Record(registry.SCALES, record.key, body.SerializeToString(), record.revision)
