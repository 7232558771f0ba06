"""Delete and DeleteCollection: at once, or gracefully, or held back by finalizers."""

from __future__ import annotations

import asyncio

from controlplane.api import errors
from controlplane.api.objects import Key, copy_of
from controlplane.server import requests, strategy
from controlplane.server.admission.review import Review
from controlplane.server.backend import Backend
from controlplane.server.modification import Modification
from controlplane.server.refusals import too_busy
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

_ATTEMPTS = 10
_AT_ONCE = 250  # deletions of a collection under way together
_PROPAGATION = ("", "Background", "Foreground", "Orphan")


class Deletion:
    def __init__(self, backend: Backend, modification: Modification) -> None:
        self._backend = backend
        self._store = backend.store
        self._modification = modification

    async def delete(self, caller: Caller, request: wire.DeleteRequest) -> Record:
        kind = requests.kind_for(self._store.catalogue, request.resource, "delete")
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "delete", kind, key)
        check_options(request.options)
        return await self._delete(caller, self._store.cache.of(kind).get(key), key, request)

    async def _delete(self, caller: Caller, record: Record | None, key: Key, request: wire.DeleteRequest) -> Record:
        kind = requests.kind_for(self._store.catalogue, request.resource, "delete")
        for _ in range(_ATTEMPTS):
            record = record or await self._modification.newest(kind, key)
            outcome = await self._attempt(caller, record, request.options)
            if outcome is not None:
                return outcome
            record = None
        raise too_busy(kind, key)

    async def _attempt(self, caller: Caller, record: Record, options: meta.DeleteOptions) -> Record | None:
        """None when the object changed meanwhile."""
        if not _holds(options, record):
            record = await self._modification.newest(record.kind, record.key)
        check_preconditions(options, record)
        obj = record.message()
        dry_run = "All" in options.dry_run
        review = Review(caller, "delete", record.kind, record.key, None, obj, dry_run=dry_run)
        self._backend.admission.complete(review)
        self._backend.admission.check(review)
        new = copy_of(obj)
        grace = strategy.grace_of(obj, options)
        now = self._backend.sources.now()
        strategy.mark_terminating(new, grace_seconds=grace, propagation=propagation_in(options), now=now)
        if dry_run or strategy.same(obj, new):
            return record
        return await self._modification.replace(record, obj, new)

    async def delete_collection(self, caller: Caller, request: wire.DeleteCollectionRequest) -> list[Record]:
        kind = requests.kind_for(self._store.catalogue, request.resource, "deletecollection")
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check_many(caller, "deletecollection", kind, query.namespace, query.fields)
        check_options(request.options)
        await self._store.freshen()
        found = [record for record in self._store.cache.of(kind).records(query.namespace) if query.matches(record)]
        gone: list[Record] = []
        for start in range(0, len(found), _AT_ONCE):
            deletions = (self._delete_found(caller, record, request.options) for record in found[start : start + _AT_ONCE])
            gone.extend(record for record in await asyncio.gather(*deletions) if record is not None)
        return gone

    async def _delete_found(self, caller: Caller, record: Record, options: meta.DeleteOptions) -> Record | None:
        """None for an object that somebody else has removed meanwhile."""
        one = wire.DeleteRequest(
            resource=record.kind.resource, namespace=record.key.namespace, name=record.key.name, options=options
        )
        try:
            return await self._delete(caller, record, record.key, one)
        except errors.NotFound:
            return None


def check_options(options: meta.DeleteOptions) -> None:
    if options.propagation_policy not in _PROPAGATION:
        raise errors.BadRequest(
            f"propagationPolicy: {options.propagation_policy!r}: use Background, Foreground or Orphan, or leave it out"
        )
    if options.propagation_policy and options.HasField("orphan_dependents"):
        raise errors.BadRequest("orphanDependents and propagationPolicy cannot both be set; use propagationPolicy")
    if options.grace_period_seconds < 0:
        raise errors.BadRequest(f"gracePeriodSeconds: {options.grace_period_seconds} is negative; use 0 for at once")
    if any(stage != "All" for stage in options.dry_run):
        raise errors.BadRequest(f"dryRun: {list(options.dry_run)}: use All, or leave it out")


def propagation_in(options: meta.DeleteOptions) -> str:
    if options.HasField("orphan_dependents") and options.orphan_dependents:
        return "Orphan"
    return options.propagation_policy


def _holds(options: meta.DeleteOptions, record: Record) -> bool:
    conditions = options.preconditions
    right_uid = not conditions.HasField("uid") or conditions.uid == record.uid
    return right_uid and (not conditions.HasField("resource_version") or conditions.resource_version == str(record.revision))


def check_preconditions(options: meta.DeleteOptions, record: Record) -> None:
    if not _holds(options, record):
        raise errors.Conflict(
            f'{record.kind.resource} "{record.key.name}": the precondition does not hold: it has uid {record.uid} and '
            f"resource version {record.revision}; read it again",
            kind=record.kind.resource,
            name=record.key.name,
        )
