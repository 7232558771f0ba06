"""Server-side apply: the object as its managers want it together, made if it is not there yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors
from controlplane.api.conversion import table as conversion
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.api.patches import applying, fieldsets, managers, merging, shapes
from controlplane.api.patches.managers import Share
from controlplane.server import ownership, patching, requests, strategy
from controlplane.server.backend import Backend
from controlplane.server.creation import Creation
from controlplane.server.modification import Intent, Modification
from controlplane.server.refusals import too_busy
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import resources_pb2 as wire

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a manager wants of one object: `document` says it, whole; `configuration` is the part that it can have."""

    kind: Kind[Any]
    key: Key
    patch: patching.Patch
    configuration: Mapping[str, Any]
    manager: managers.Manager
    force: bool


class Application:
    def __init__(self, backend: Backend, creation: Creation, modification: Modification) -> None:
        self._backend = backend
        self._store, self._sources = backend.store, backend.sources
        self._creation, self._modification = creation, modification

    async def apply(self, caller: Caller, request: wire.PatchRequest) -> Record:
        kind = requests.kind_for(self._store.catalogue, request.resource, "patch")
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "patch", kind, key, request.subresource)
        wish = _wish(kind, key, request, patching.read(kind, request, caller))
        intent = Intent(
            "patch", request.subresource, wish.patch.version, request.dry_run, request.field_manager, tracked=False
        )  # fmt: skip
        for _ in range(_ATTEMPTS):
            try:
                return await self._modification.modify(caller, kind, key, lambda old: self._changed(wish, old), intent)
            except errors.NotFound:
                if request.subresource:
                    raise
            try:
                return await self._create(caller, wish, dry_run=request.dry_run)
            except errors.AlreadyExists:
                continue
        raise too_busy(kind, key)

    def _changed(self, wish: _Wish, old: ApiObject) -> ApiObject:
        kind, now, live = wish.kind, self._sources.now(), ownership.document_of(wish.kind, old)
        known = ownership.known_managers(kind, old, live, now)
        try:
            applied = applying.apply(
                live, wish.configuration, known, shape=shapes.of_kind(kind), manager=wish.manager,
                api_version=kind.api_version, force=wish.force, now=now)  # fmt: skip
        except errors.Conflict as error:
            raise errors.Conflict(
                error.message, kind=kind.resource, name=wish.key.name, problems=error.problems
            ) from error  # fmt: skip
        result = patching.read_object(kind, applied.document, wish.patch)
        patching.refuse_other_name(kind, old, result)
        new = strategy.prepare_update(kind, old, result, subresource=wish.manager.subresource)
        ownership.put(new, applied.managers)
        return new

    async def _create(self, caller: Caller, wish: _Wish, *, dry_run: bool) -> Record:
        kind, key = wish.kind, wish.key
        obj = patching.read_object(kind, wish.configuration, wish.patch)
        if obj.metadata.uid or obj.metadata.resource_version:
            raise errors.Conflict(
                f'Operation cannot be fulfilled on {kind.resource} "{key.name}": the object that metadata.uid or '
                "metadata.resourceVersion names does not exist; leave them out to create it",
                kind=kind.resource,
                name=key.name,
            )
        obj.metadata.namespace = key.namespace
        fields = managers.own(fieldsets.fields_in(wish.configuration, shapes.of_kind(kind)))
        share = Share(fields, kind.api_version, int(self._sources.now()))
        return await self._creation.create_object(caller, kind, obj, dry_run=dry_run, owners={wish.manager: share})


def _wish(kind: Kind[Any], key: Key, request: wire.PatchRequest, patch: patching.Patch) -> _Wish:
    if not request.field_manager:
        raise errors.BadRequest(
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
            kind=kind.resource,
            name=key.name,
        )
    document = _stated(kind, key, patch.document)
    if told := conversion.deprecation(kind, patch.document["apiVersion"]):
        patch.caller.warn(told)
    shape = shapes.of_kind(kind)
    problems = list(merging.problems_of(document, shape))
    if problems:
        where = f"{key.namespace}/{key.name}"
        raise errors.BadRequest(
            f"failed to create typed patch object ({where}; {kind.api_version}, Kind={kind.name}): "
            + ", ".join(map(str, problems)),
            kind=kind.resource,
            name=key.name,
            problems=problems,
        )
    configuration = merging.normal(_part(kind, document, request.subresource), shape)
    manager = managers.applier(request.field_manager, request.subresource)
    return _Wish(kind, key, patch, configuration, manager, request.force)


def _stated(kind: Kind[Any], key: Key, document: dict[str, Any]) -> dict[str, Any]:
    """The document, which says itself which object it is about. Raises BadRequest if that is not the request's."""
    version, name = document.get("apiVersion"), document.get("kind")
    if version not in (kind.api_version, *kind.older):
        raise _bad(
            kind, key, f"Incorrect version specified in apply patch. Specified patch version: {version}, expected: "
            f"{kind.api_version}"
        )  # fmt: skip
    if name != kind.name:
        raise _bad(kind, key, f"Incorrect kind specified in apply patch: {name}, expected: {kind.name}")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise _bad(kind, key, "metadata.name: Required value: an apply patch names its object")
    if metadata["name"] != key.name:
        raise _bad(
            kind, key, f"the name of the object ({metadata['name']}) does not match the name on the URL ({key.name})"
        )  # fmt: skip
    if metadata.get("namespace") not in (None, "", key.namespace):
        raise _bad(
            kind, key, f"the namespace of the provided object ({metadata['namespace']}) does not match the namespace sent "
            f"on the request ({key.namespace})"
        )  # fmt: skip
    if metadata.get("managedFields"):
        raise _bad(kind, key, "metadata.managedFields must be nil")
    if version == kind.api_version:
        return document
    return conversion.to_current(kind, document)


def _bad(kind: Kind[Any], key: Key, message: str) -> errors.BadRequest:
    return errors.BadRequest(message, kind=kind.resource, name=key.name)


def _part(kind: Kind[Any], document: dict[str, Any], subresource: str) -> dict[str, Any]:
    """What may be set through this part of the object."""
    if subresource == "status":
        head = {
            name: document["metadata"][name] for name in ("name", "uid", "resourceVersion") if document["metadata"].get(name)
        }
        status = {"status": document["status"]} if "status" in document else {}
        return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": head} | status
    dropped = {"status"} if not subresource and kind.has_status else set()
    return {name: value for name, value in document.items() if name not in dropped}
