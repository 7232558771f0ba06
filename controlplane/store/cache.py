"""All objects as of the newest revision seen, kept current by one etcd watch, with the recent changes of each kind.

One watch serves all kinds, so that changes arrive in one order and `revision` holds for every kind at once. When a revision
does not arrive because it is not under our prefix (an etcd shared with others), a write of our own flushes it out.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, cast

import structlog

from controlplane.api import registry
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import Key
from controlplane.api.registry import Kind
from controlplane.store import keys
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import CompactedError, Etcd, UnavailableError
from controlplane.store.log import Event, EventLog
from controlplane.store.records import Record
from protos.v1.apiextensions_pb2 import CustomResourceDefinition

log = structlog.get_logger()

_BARRIER_AFTER_SECONDS = 0.05


class KindCache:
    """The objects of a kind."""

    def __init__(self, kind: Kind[Any], revision: int) -> None:
        self.kind = kind
        self.log = EventLog(revision)
        self._records: dict[Key, Record] = {}
        self._order: list[Key] | None = []

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def records(self, namespace: str = "") -> Iterator[Record]:
        """Ordered by namespace and name."""
        if self._order is None:
            self._order = sorted(self._records)
        start = bisect_left(self._order, Key(namespace, "")) if namespace else 0
        for key in self._order[start:]:
            if namespace and key.namespace != namespace:
                return
            yield self._records[key]

    def load(self, records: dict[Key, Record], revision: int) -> None:
        """Starts over; watchers of the old log expire."""
        self._records, self._order = records, None
        expired, self.log = self.log, EventLog(revision)
        expired.wake()

    def put(self, record: Record) -> None:
        old = self._records.get(record.key)
        if old is None:
            self._order = None
        self._records[record.key] = record
        self.log.append(Event(old, record, gone=False))

    def remove(self, key: Key, revision: int) -> None:
        old = self._records.pop(key, None)
        if old is None:
            return
        self._order = None
        last = Record(self.kind, key, old.encoded, revision)
        self.log.append(Event(old, last, gone=True))


class Cache:
    """`run` keeps it current; `revision` is the newest revision whose changes are all in."""

    def __init__(self, etcd: Etcd, pass_barrier: Callable[[], Awaitable[object]]) -> None:
        self.revision = 0
        self._pass_barrier = pass_barrier
        self._etcd = etcd
        self.catalogue = Catalogue()
        self._kinds = {kind.resource: KindCache(kind, 0) for kind in registry.STORED}
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tickets = 0
        self._loaded = asyncio.Event()

    def of(self, kind: Kind[Any]) -> KindCache:
        cache = self._kinds.get(kind.resource)
        if cache is None:
            cache = self._kinds[kind.resource] = KindCache(kind, self.revision)
        return cache

    async def loaded(self) -> None:
        """Returns once the first full copy is in."""
        await self._loaded.wait()

    async def run(self) -> None:
        """Loads, then follows etcd until cancelled."""
        while True:
            try:
                await self._load()
                watch = self._etcd.watch(keys.ROOT, start_revision=self.revision + 1)
                async for batch in watch.batches():
                    self._take(batch.revision, batch.events)
            except CompactedError as error:
                log.warning("watch cache starts over", reason=str(error))
            except UnavailableError as error:
                log.warning("etcd unavailable", error=str(error))
                await asyncio.sleep(0.5)

    async def reach(self, revision: int) -> None:
        """Returns once all changes up to `revision` are in."""
        if revision <= self.revision:
            return
        self._tickets += 1
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (revision, self._tickets, reached))
        pause = _BARRIER_AFTER_SECONDS
        while not reached.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await asyncio.shield(reached)
                    return
            await self._pass_barrier()
            pause = min(pause * 2, 1.0)

    async def freshen(self) -> int:
        """Returns once everything that was acknowledged before the call is in, with the revision."""
        await self.reach(await self._etcd.revision())
        return self.revision

    async def _load(self) -> None:
        revision, pairs = await self._etcd.list(keys.OBJECTS)
        self._define_all(pairs)
        found: dict[str, dict[Key, Record]] = {resource: {} for resource in self._kinds}
        for pair in pairs:
            parsed = keys.parse(pair.key, self.catalogue)
            if parsed is not None:
                kind, key = parsed
                found[kind.resource][key] = Record(kind, key, pair.value, pair.mod_revision)
        for resource, records in found.items():
            self._kinds[resource].load(records, revision)
        self._advance(revision)
        self._loaded.set()

    def _define_all(self, pairs: Iterable[rpc.KeyValue]) -> None:
        """Puts the kinds that users define into the catalogue, before objects of theirs are met."""
        prefix = keys.prefix_of(registry.CUSTOM_RESOURCE_DEFINITIONS)
        for pair in pairs:
            if pair.key.startswith(prefix):
                kind = self.catalogue.define(CustomResourceDefinition.FromString(pair.value))
                self._kinds.setdefault(kind.resource, KindCache(kind, self.revision))

    def _take(self, revision: int, events: Any) -> None:
        touched: dict[str, KindCache] = {}
        for event in events:
            parsed = keys.parse(event.kv.key, self.catalogue)
            if parsed is None:
                continue
            kind, key = parsed
            cache = self._kinds[kind.resource]
            if event.type == rpc.Event.DELETE:
                cache.remove(key, event.kv.mod_revision)
            else:
                cache.put(Record(kind, key, event.kv.value, event.kv.mod_revision))
            if kind is registry.CUSTOM_RESOURCE_DEFINITIONS:
                self._define(key.name, cache.get(key))
            touched[kind.resource] = cache
        self._advance(revision)
        for cache in touched.values():
            cache.log.wake()

    def _define(self, resource: str, definition: Record | None) -> None:
        if definition is None:
            self.catalogue.forget(resource)
            gone = self._kinds.pop(resource, None)
            if gone is not None:
                gone.load({}, self.revision)  # its watchers expire
            return
        kind = self.catalogue.define(cast("CustomResourceDefinition", definition.message()))
        self.of(kind).kind = kind

    def _advance(self, revision: int) -> None:
        self.revision = revision
        while self._waiters and self._waiters[0][0] <= revision:
            _, _, reached = heapq.heappop(self._waiters)
            if not reached.done():
                reached.set_result(None)
