"""Keeps namespaces within their quotas: what a write adds is entered into the quotas' statuses by the write's transaction.

Why no quota is ever exceeded, however many servers write at once: a write that uses more of a quota replaces the quota too,
at the revision that was looked at, so of two writes that take the last place one fails and looks again. What a status says
is used is never less than what is: it is counted from a cache that has everything up to the quota's revision, or is such a
count plus what was added since. It may be more, as what ends is given back later, by the resource quota controller; hence
nothing is refused before everything was counted anew. A server that does not know of a new quota yet cannot slip past it:
writing a quota changes its namespace's revision, which every creation requires.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast
from weakref import WeakValueDictionary

from controlplane.api import pod_amounts, quotas, registry
from controlplane.api.objects import ApiObject, Key, is_terminating
from controlplane.api.quotas import Charge
from controlplane.server.admission.review import Review, forbidden
from controlplane.store.records import Record
from controlplane.store.store import Also, Store
from protos.v1 import core_pb2 as core

_ATTEMPTS = 100  # each that fails means that another server's succeeded

Write = Callable[[Sequence[Also]], Awaitable[Record | None]]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a write makes of its object's use; `pod` is a new pod, whose containers must say what they need."""

    new: Charge
    old: Charge | None
    pod: core.Pod | None


class Quotas:
    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store, self._now = store, now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._written: dict[Key, Record] = {}
        self._measured: dict[str, dict[tuple[str, Key], tuple[int, Charge]]] = {}

    async def under(self, review: Review, write: Write) -> Record | None:
        """The outcome of `write`, which is given what to write along. Raises Forbidden when a quota would be exceeded."""
        if review.kind is registry.RESOURCE_QUOTAS and not review.subresource:
            return await write([*self._of_namespace(review), *await self._entries(review)])
        if not self._concerns(review):
            return await write(())
        async with self._turn(review.key.namespace):
            for _ in range(_ATTEMPTS):
                entries = await self._entries(review)
                record = await write(entries)
                if record is not None:
                    self._remember(entries, record.revision)
                    return record
                await self._store.freshen()
                if all(self._is_newest(entry.replaces) for entry in entries):
                    break
        return None

    async def check(self, review: Review) -> None:
        """Raises Forbidden when a quota would be exceeded, for a write that is only tried."""
        if self._concerns(review):
            async with self._turn(review.key.namespace):
                await self._entries(review)

    async def settle(self, review: Review) -> None:
        """The status of a quota is what the server counts, whoever reports it."""
        if not isinstance(review.obj, core.ResourceQuota) or review.subresource != "status" or review.old is None:
            return
        await self._store.reach(int(review.old.metadata.resource_version))
        quota = review.obj
        quota.status.CopyFrom(quotas.with_status(quota, self._count(quota)).status)

    def _concerns(self, review: Review) -> bool:
        """Whether the write may use more of a quota: a new object may, and a larger claim, and a service of another type."""
        if review.subresource or review.obj is None or is_terminating(review.obj) or not quotas.is_counted(review.kind):
            return False
        if review.old is not None and not isinstance(review.obj, core.Service | core.PersistentVolumeClaim):
            return False
        return any(True for _ in self._store.cache.of(registry.RESOURCE_QUOTAS).records(review.key.namespace))

    @contextlib.asynccontextmanager
    async def _turn(self, namespace: str) -> AsyncIterator[None]:
        """One write of a namespace at a time in this process: the others would only fail."""
        lock = self._locks.setdefault(namespace, asyncio.Lock())
        async with lock:
            yield

    def _of_namespace(self, review: Review) -> list[Also]:
        """The namespace unchanged, at a new revision, when what its quotas bound changes."""
        new, old = cast("core.ResourceQuota", review.obj), cast("core.ResourceQuota | None", review.old)
        if old is not None and old.spec == new.spec:
            return []
        found = self._store.cache.of(registry.NAMESPACES).get(Key("", review.key.namespace))
        return [] if found is None else [Also(found.message(), found)]

    async def _entries(self, review: Review) -> list[Also]:
        """The quotas that count the object, each with what the write adds."""
        change = self._change(review)
        found = []
        for record in list(self._newest(review.key.namespace)):
            entry = await self._entry(review, record, change)
            if entry is not None:
                found.append(entry)
        return found

    def _change(self, review: Review) -> _Change:
        obj, now = cast("ApiObject", review.obj), self._now()
        old = None if review.old is None else quotas.charge_of(review.kind, review.old, now)
        is_new_pod = old is None and isinstance(obj, core.Pod)
        return _Change(quotas.charge_of(review.kind, obj, now), old, cast("core.Pod", obj) if is_new_pod else None)

    async def _entry(self, review: Review, record: Record, change: _Change) -> Also | None:
        quota = cast("core.ResourceQuota", record.message())
        if change.pod is not None and quotas.counts(quota, change.new):
            missing = quotas.unspecified(quota, change.pod)
            if missing:
                raise forbidden(review, f"failed quota: {record.key.name}: must specify {missing}")
        more = quotas.added(quota, change.new, change.old)
        if not more:
            return None
        used = quotas.known_use(quota)
        if used is None or quotas.exceeded(quota, used, more):
            await self._store.freshen()
            newest = self._store.cache.of(registry.RESOURCE_QUOTAS).get(record.key)
            if newest is None:
                return None
            record, quota = newest, cast("core.ResourceQuota", newest.message())
            more = quotas.added(quota, change.new, change.old)
            used = self._count(quota)
            _refuse_excess(review, quota, used, more)
        return Also(quotas.with_status(quota, _sum(used, more)), record)

    def _newest(self, namespace: str) -> Iterator[Record]:
        """The namespace's quotas, those that this server wrote last ahead of the cache."""
        cache = self._store.cache
        for record in cache.of(registry.RESOURCE_QUOTAS).records(namespace):
            own = self._written.get(record.key)
            if own is not None and own.revision <= cache.revision:
                del self._written[record.key]
            yield own if own is not None and own.revision > cache.revision else record

    def _is_newest(self, record: Record | None) -> bool:
        newest = None if record is None else self._store.cache.of(record.kind).get(record.key)
        return newest is not None and record is not None and newest.revision == record.revision

    def _remember(self, entries: Sequence[Also], revision: int) -> None:
        for entry in entries:
            if entry.replaces is not None:
                key = entry.replaces.key
                self._written[key] = Record(registry.RESOURCE_QUOTAS, key, entry.obj.SerializeToString(), revision)

    def _count(self, quota: core.ResourceQuota) -> quotas.Amounts:
        """What the cache says is used. Each version of an object is measured once."""
        self._forget_gone_namespaces()
        namespace, now = quota.metadata.namespace, self._now()
        known = self._measured.get(namespace, {})
        kept = {where: found for where, found in known.items() if where[0] not in quotas.resources_of(quota)}
        charges = []
        for resource in sorted(quotas.resources_of(quota)):
            kind = self._store.catalogue.by_resource(resource)
            if kind is None or not quotas.is_counted(kind):
                continue
            for record in self._store.cache.of(kind).records(namespace):
                revision, charge = known.get((resource, record.key), (0, None))
                if charge is None or revision != record.revision:
                    obj = record.message()
                    charge = quotas.charge_of(kind, obj, now)
                    if is_terminating(obj):  # its charge changes with time
                        charges.append(charge)
                        continue
                kept[resource, record.key] = (record.revision, charge)
                charges.append(charge)
        self._measured[namespace] = kept
        return quotas.used_by(quota, charges)

    def _forget_gone_namespaces(self) -> None:
        namespaces = self._store.cache.of(registry.NAMESPACES)
        for gone in [name for name in self._measured if namespaces.get(Key("", name)) is None]:
            del self._measured[gone]
        for key in [key for key in self._written if namespaces.get(Key("", key.namespace)) is None]:
            del self._written[key]


def _sum(used: Mapping[str, Fraction], more: Mapping[str, Fraction]) -> quotas.Amounts:
    return {name: amount + more.get(name, Fraction()) for name, amount in used.items()}


def _refuse_excess(
    review: Review, quota: core.ResourceQuota, used: Mapping[str, Fraction], more: Mapping[str, Fraction]
) -> None:
    names = quotas.exceeded(quota, used, more)
    if not names:
        return
    bounds = pod_amounts.read(quota.spec.hard)
    raise forbidden(
        review,
        f"exceeded quota: {quota.metadata.name}, requested: {quotas.listed(names, more)}, "
        f"used: {quotas.listed(names, used)}, limited: {quotas.listed(names, bounds)}",
    )
