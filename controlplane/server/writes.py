"""Create, Update, Patch, Delete and Bind: authorize, default, admit, validate, then one compare-and-set in the store.

A write that loses a race is worked out again on the newest version, unless its caller named the version it must replace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from controlplane.api import defaults, errors, registry, times, validation
from controlplane.api.objects import ApiObject, Key, copy_of, is_terminating, key_of, set_condition
from controlplane.api.registry import Kind
from controlplane.server import patching, requests, strategy
from controlplane.server.admission import Admission
from controlplane.server.authz import Verb, authorize, authorize_object
from controlplane.server.sources import Sources
from controlplane.server.users import User
from controlplane.store.records import Record
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

_ATTEMPTS = 10
_AT_ONCE = 250  # deletions of a collection under way together

Change = Callable[[ApiObject], ApiObject]


class Writes:
    def __init__(self, store: Store, admission: Admission, sources: Sources) -> None:
        self._store = store
        self._admission = admission
        self._sources = sources

    async def create(self, user: User, request: wire.CreateRequest) -> Record:
        kind, obj = requests.object_in(request.object)
        if not obj.metadata.name and obj.metadata.generate_name:
            return await self._create_named(user, kind, obj, dry_run=request.dry_run)
        return await self._create(user, kind, obj, dry_run=request.dry_run)

    async def _create_named(self, user: User, kind: Kind[Any], obj: ApiObject, *, dry_run: bool) -> Record:
        for _ in range(_ATTEMPTS):
            named = copy_of(obj)
            named.metadata.name = strategy.name_from(obj.metadata.generate_name, self._sources.name_suffix())
            try:
                return await self._create(user, kind, named, dry_run=dry_run)
            except errors.AlreadyExists:
                continue
        raise errors.AlreadyExists(f'{kind.resource} "{obj.metadata.generate_name}": no free name found; try again')

    async def _create(self, user: User, kind: Kind[Any], obj: ApiObject, *, dry_run: bool) -> Record:
        key = requests.key_for(kind, obj.metadata.namespace, obj.metadata.name)
        authorize(user, "create", kind, key)
        strategy.prepare_create(kind, obj, uid=self._sources.uid(), now=self._sources.now())
        defaults.apply_defaults(kind, obj)
        self._admission.complete(obj)
        _refuse(kind, obj, validation.problems_of(kind, obj))
        for attempt in range(_ATTEMPTS):
            namespace = await self._admission.namespace_of(kind, obj, newest=attempt > 0)
            ready = copy_of(obj)
            self._admission.allocate(ready, None)
            if dry_run:
                return Record(kind, key, ready.SerializeToString(), 0)
            takes = self._admission.claims(ready)
            record = await self._store.write(kind, ready, replaces=None, takes=sorted(takes), requires=namespace)
            if record is not None:
                return record
            await self._explain_refused_create(kind, key, obj)
        raise _too_busy(kind, key)

    async def _explain_refused_create(self, kind: Kind[Any], key: Key, obj: ApiObject) -> None:
        """Raises the reason, or returns when another attempt may succeed with other addresses."""
        if await self._store.get(kind, key) is not None:
            raise errors.AlreadyExists(f'{kind.resource} "{key.name}" already exists', kind=kind.resource, name=key.name)
        await self._store.freshen()
        _refuse(kind, obj, self._admission.taken(obj))

    async def update(self, user: User, request: wire.UpdateRequest) -> Record:
        kind, obj = requests.object_in(request.object)
        key = requests.key_for(kind, obj.metadata.namespace, obj.metadata.name)
        authorize(user, "update", kind, key, subresource=request.subresource)
        version = obj.metadata.resource_version

        def change(old: ApiObject) -> ApiObject:
            return strategy.prepare_update(kind, old, obj, subresource=request.subresource)

        return await self._modify(
            user, "update", kind, key, change, subresource=request.subresource, version=version, dry_run=request.dry_run
        )

    async def patch(self, user: User, request: wire.PatchRequest) -> Record:
        kind = requests.kind_for(request.resource)
        key = requests.key_for(kind, request.namespace, request.name)
        authorize(user, "patch", kind, key, subresource=request.subresource)
        patch = patching.read(request)
        version = patching.version_in(patch)

        def change(old: ApiObject) -> ApiObject:
            patched = patching.apply(kind, old, patch)
            return strategy.prepare_update(kind, old, patched, subresource=request.subresource)

        return await self._modify(
            user, "patch", kind, key, change, subresource=request.subresource, version=version, dry_run=request.dry_run
        )

    async def bind(self, user: User, request: wire.BindRequest) -> Record:
        kind = registry.PODS
        key = requests.key_for(kind, request.namespace, request.name)
        authorize(user, "bind", kind, key)

        def change(old: ApiObject) -> ApiObject:
            pod = cast("core.Pod", copy_of(old))
            if request.uid and pod.metadata.uid != request.uid:
                raise errors.not_found(kind.resource, key.name)
            if pod.spec.node_name or is_terminating(pod):
                state = f'assigned to node "{pod.spec.node_name}"' if pod.spec.node_name else "being deleted"
                raise errors.Conflict(f'pods "{key.name}" is already {state}', kind=kind.resource, name=key.name)
            pod.spec.node_name = request.node
            scheduled = core.PodCondition(type="PodScheduled", status="True")
            scheduled.last_transition_time.CopyFrom(times.to_time(self._sources.now()))
            set_condition(pod.status.conditions, scheduled)
            return pod

        return await self._modify(user, "bind", kind, key, change)

    async def _modify(
        self,
        user: User,
        verb: Verb,
        kind: Kind[Any],
        key: Key,
        change: Change,
        *,
        subresource: str = "",
        version: str = "",
        dry_run: bool = False,
    ) -> Record:
        record = self._store.cache.of(kind).get(key)
        for _ in range(_ATTEMPTS):
            if record is None or (version and str(record.revision) != version):
                record = await self._newest(kind, key)
            old = record.message()
            authorize_object(user, verb, old)
            if version and version != old.metadata.resource_version:
                raise _stale(kind, key, version, old.metadata.resource_version)
            new = change(old)
            self._finish(kind, old, new, subresource=subresource)
            if strategy.same(old, new):
                return record
            if dry_run:
                return Record(kind, key, new.SerializeToString(), record.revision)
            written = await self._write(kind, record, old, new)
            if written is not None:
                return written
            record = None
        raise _too_busy(kind, key)

    def _finish(self, kind: Kind[Any], old: ApiObject, new: ApiObject, *, subresource: str) -> None:
        """Defaults, addresses and rules of an update. A status is its writer's own business."""
        if subresource:
            return
        if not (isinstance(new, core.Namespace) and is_terminating(new)):
            defaults.apply_defaults(kind, new)
        self._admission.allocate(new, old)
        _refuse(kind, new, [*validation.problems_of(kind, new), *validation.update_problems(kind, old, new)])

    async def _write(self, kind: Kind[Any], record: Record, old: ApiObject, new: ApiObject) -> Record | None:
        before, after = self._admission.claims(old), self._admission.claims(new)
        if strategy.may_go(new):
            revision = await self._store.remove(record, frees=sorted(before))
            return None if revision is None else _last(record, new, revision)
        takes, frees = sorted(after - before), sorted(before - after)
        written = await self._store.write(kind, new, replaces=record, takes=takes, frees=frees)
        if written is None and takes:
            await self._store.freshen()
            _refuse(kind, new, self._admission.taken(new))
        return written

    async def delete(self, user: User, request: wire.DeleteRequest) -> Record:
        kind = requests.kind_for(request.resource)
        key = requests.key_for(kind, request.namespace, request.name)
        authorize(user, "delete", kind, key)
        record = self._store.cache.of(kind).get(key)
        for _ in range(_ATTEMPTS):
            record = record or await self._newest(kind, key)
            outcome = await self._delete(user, record, request.options)
            if outcome is not None:
                return outcome
            record = None
        raise _too_busy(kind, key)

    async def _delete(self, user: User, record: Record, options: meta.DeleteOptions) -> Record | None:
        """None when the object changed meanwhile."""
        if not _holds(options, record):
            record = await self._newest(record.kind, record.key)
        _check_preconditions(options, record)
        obj = record.message()
        authorize_object(user, "delete", obj)
        new = copy_of(obj)
        grace = strategy.grace_of(obj, options)
        strategy.mark_terminating(new, grace_seconds=grace, propagation=options.propagation_policy, now=self._sources.now())
        if "All" in options.dry_run or strategy.same(obj, new):
            return record
        return await self._write(record.kind, record, obj, new)

    async def delete_collection(self, user: User, request: wire.DeleteCollectionRequest) -> list[Record]:
        kind = requests.kind_for(request.resource)
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        authorize(user, "deletecollection", kind, Key(query.namespace, ""))
        await self._store.freshen()
        found = [record for record in self._store.cache.of(kind).records(query.namespace) if query.matches(record)]
        gone: list[Record] = []
        for start in range(0, len(found), _AT_ONCE):
            deletions = (self._delete_found(user, record, request.options) for record in found[start : start + _AT_ONCE])
            gone.extend(record for record in await asyncio.gather(*deletions) if record is not None)
        return gone

    async def _delete_found(self, user: User, record: Record, options: meta.DeleteOptions) -> Record | None:
        """None for an object that somebody else has removed meanwhile."""
        one = wire.DeleteRequest(
            resource=record.kind.resource, namespace=record.key.namespace, name=record.key.name, options=options
        )
        try:
            return await self.delete(user, one)
        except errors.NotFound:
            return None

    async def _newest(self, kind: Kind[Any], key: Key) -> Record:
        record = await self._store.get(kind, key)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return record


def _holds(options: meta.DeleteOptions, record: Record) -> bool:
    conditions = options.preconditions
    right_uid = not conditions.HasField("uid") or conditions.uid == record.uid
    return right_uid and (not conditions.HasField("resource_version") or conditions.resource_version == str(record.revision))


def _check_preconditions(options: meta.DeleteOptions, record: Record) -> None:
    if not _holds(options, record):
        raise errors.Conflict(
            f'{record.kind.resource} "{record.key.name}": the precondition does not hold: it has uid {record.uid} and '
            f"resource version {record.revision}; read it again",
            kind=record.kind.resource,
            name=record.key.name,
        )


def _refuse(kind: Kind[Any], obj: ApiObject, problems: Sequence[errors.Problem]) -> None:
    if problems:
        raise errors.invalid(kind.resource, key_of(obj).name, problems)


def _last(record: Record, obj: ApiObject, revision: int) -> Record:
    """How an object was at its end."""
    return Record(record.kind, record.key, obj.SerializeToString(), revision)


def _stale(kind: Kind[Any], key: Key, seen: str, stored: str) -> errors.Conflict:
    return errors.Conflict(
        f'Operation cannot be fulfilled on {kind.resource} "{key.name}": the object has been modified (it is at resource '
        f"version {stored}, not {seen}); please apply your changes to the latest version and try again",
        kind=kind.resource,
        name=key.name,
    )


def _too_busy(kind: Kind[Any], key: Key) -> errors.Conflict:
    return errors.Conflict(
        f'{kind.resource} "{key.name}" keeps changing under the write; try again', kind=kind.resource, name=key.name
    )
