"""Update, Patch and Bind: work out the new object from the stored one, then one compare-and-set.

A write that loses a race is worked out again on the newest version, unless its caller named the version it must replace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from controlplane.api import defaults, errors, registry, times, validation
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key, copy_of, is_terminating, set_condition
from controlplane.server import ownership, patching, requests, strategy, subresources
from controlplane.server.admission.review import Review
from controlplane.server.backend import Backend
from controlplane.server.custom import in_force
from controlplane.server.refusals import refuse, stale, too_busy
from controlplane.server.users import Caller
from controlplane.store.records import Record
from controlplane.store.store import Also
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire

_ATTEMPTS = 10

Change = Callable[[ApiObject], ApiObject]


@dataclass(frozen=True, slots=True)
class Intent:
    """How an object is to be changed. `version` is the one that must be replaced, empty for any. `tracked` says whether the
    fields that change become those of `manager`; if not, the change itself sees to who owns what."""

    verb: str
    subresource: str = ""
    version: str = ""
    dry_run: bool = False
    manager: str = ""
    tracked: bool = True


class Modification:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store, self._admission, self._sources = backend.store, backend.admission, backend.sources

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        patching.check_manager(request.field_manager)
        kind, obj = requests.object_in(self._store.catalogue, request.object, caller, request.field_validation)
        key = requests.key_for(kind, obj.metadata.namespace, obj.metadata.name)
        intent = Intent(
            "update", request.subresource, obj.metadata.resource_version, request.dry_run, request.field_manager
        )  # fmt: skip
        self._backend.authorizer.check(caller, "update", kind, key, intent.subresource)

        def change(old: ApiObject) -> ApiObject:
            return strategy.prepare_update(kind, old, obj, subresource=intent.subresource)

        return await self.modify(caller, kind, key, change, intent)

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        kind = requests.kind_for(self._store.catalogue, request.resource, "patch")
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "patch", kind, key, request.subresource)
        patch = patching.read(kind, request, caller)
        intent = Intent("patch", request.subresource, patch.version, request.dry_run, request.field_manager)

        def change(old: ApiObject) -> ApiObject:
            patched = patching.apply(kind, old, patch)
            return strategy.prepare_update(kind, old, patched, subresource=intent.subresource)

        return await self.modify(caller, kind, key, change, intent)

    async def bind(self, caller: Caller, request: wire.BindRequest) -> Record:
        kind = registry.PODS
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "create", kind, key, "binding")

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

        return await self.modify(caller, kind, key, change, Intent("update", "binding", tracked=False))

    async def modify(self, caller: Caller, kind: Kind[Any], key: Key, change: Change, intent: Intent) -> Record:
        """The object as stored, after `change` has made a new one of it. The caller has been authorized."""
        record = self._store.cache.of(kind).get(key)
        fresh = False
        for _ in range(_ATTEMPTS):
            if record is None or (intent.version and str(record.revision) != intent.version):
                record, fresh = await self.newest(kind, key), True
            old = record.message()
            if intent.version and intent.version != old.metadata.resource_version:
                raise stale(kind, key, intent.version, old.metadata.resource_version)
            try:
                new = change(old)
            except errors.StatusError:
                if fresh:
                    raise
                record = None
                continue
            review = Review(caller, "update", kind, key, new, old, intent.subresource, intent.dry_run)
            await self._admitted(review)
            if not intent.subresource:
                strategy.count_generation(kind, old, new)
            await self._admission.quotas.settle(review)
            if intent.tracked:
                ownership.track(
                    kind, old, new, manager=intent.manager, user=caller.user.name, subresource=intent.subresource,
                    now=self._sources.now())  # fmt: skip
            if strategy.same(old, new):
                return record
            if intent.dry_run:
                await self._admission.quotas.check(review)
                return Record(kind, key, new.SerializeToString(), record.revision)
            written = await self._admission.quotas.under(review, partial(self.replace, record, old, new))
            if written is not None:
                return await in_force(self._store, written)
            record = None
        raise too_busy(kind, key)

    async def _admitted(self, review: Review) -> None:
        """Defaults, addresses and rules of an update. A status is its writer's own business."""
        kind, old, new = review.kind, review.old, review.obj
        assert old is not None
        assert new is not None
        if review.subresource in subresources.DEFAULTED and not (isinstance(new, core.Namespace) and is_terminating(new)):
            defaults.apply_defaults(kind, new)
        try:
            self._admission.complete(review)
        except errors.StatusError:
            await self._store.freshen()
            self._admission.complete(review)
        if not review.subresource:
            self._admission.addresses.allocate(new, old)
            refuse(kind, new, [*validation.problems_of(kind, new), *validation.update_problems(kind, old, new)])
        elif kind.is_custom:
            refuse(kind, new, validation.update_problems(kind, old, new))
        else:
            refuse(kind, new, validation.part_problems(kind, old, new, review.subresource))
        try:
            self._admission.check(review)
        except errors.StatusError:
            await self._store.freshen()
            self._admission.check(review)

    async def replace(self, record: Record, old: ApiObject, new: ApiObject, also: Sequence[Also] = ()) -> Record | None:
        """Writes `new` in place of the record, or ends it if nothing holds it any more; None if it, or what is written with
        it, changed meanwhile."""
        addresses = self._admission.addresses
        before, after = addresses.claims(old), addresses.claims(new)
        if strategy.may_go(new):
            revision = await self._store.remove(record, frees=sorted(before), also=also)
            return None if revision is None else _last(record, new, revision)
        takes, frees = sorted(after - before), sorted(before - after)
        written = await self._store.write(record.kind, new, replaces=record, takes=takes, frees=frees, also=also)
        if written is None and takes:
            await self._store.freshen()
            refuse(record.kind, new, addresses.taken(new))
        return written

    async def newest(self, kind: Kind[Any], key: Key) -> Record:
        record = await self._store.get(kind, key)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return record


def _last(record: Record, obj: ApiObject, revision: int) -> Record:
    """How an object was at its end."""
    return Record(record.kind, record.key, obj.SerializeToString(), revision)
