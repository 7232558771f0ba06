"""All objects as of the newest revision seen, kept current by one etcd watch, with the recent changes of each kind.

One watch serves all kinds, so that changes arrive in one order and `revision` holds for every kind at once. When a revision
does not arrive because it is not under our prefix (an etcd shared with others), a write of our own flushes it out.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import structlog

from controlplane.api import registry
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import Key
from controlplane.api.registry import Kind
from controlplane.store import keys
from controlplane.store.encryption import UndecryptableError, Vault
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import CompactedError, Etcd, UnavailableError
from controlplane.store.freshness import Freshness
from controlplane.store.kindcache import Damage, KindCache
from controlplane.store.records import Record
from protos.v1.apiextensions_pb2 import CustomResourceDefinition

log = structlog.get_logger()

_BARRIER_AFTER_SECONDS = 0.05


class Cache:
    """`run` keeps it current; `revision` is the newest revision whose changes are all in."""

    def __init__(self, etcd: Etcd, pass_barrier: Callable[[], Awaitable[object]], vault: Vault) -> None:
        self.revision = 0
        self._vault = vault
        self._pass_barrier = pass_barrier
        self._etcd = etcd
        self._freshness = Freshness(etcd.revision)
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
        await self.reach(await self._freshness.revision())
        return self.revision

    async def _load(self) -> None:
        revision, pairs = await self._etcd.list(keys.OBJECTS)
        self._define_all(pairs)
        found: dict[str, dict[Key, Record]] = {resource: {} for resource in self._kinds}
        damaged: dict[str, dict[Key, Damage]] = {resource: {} for resource in self._kinds}
        for pair in pairs:
            parsed = keys.parse(pair.key, self.catalogue)
            if parsed is None:
                continue
            kind, key = parsed
            read = self._read(kind, key, pair)
            if isinstance(read, Record):
                found[kind.resource][key] = read
            else:
                damaged[kind.resource][key] = read
        for resource, records in found.items():
            self._kinds[resource].load(records, revision, damaged[resource])
        self._advance(revision)
        self._loaded.set()

    def reopen(self) -> None:
        """Tries damaged objects again, with keys that are new. Watchers of their kinds expire."""
        for cache in self._kinds.values():
            if not cache.damaged:
                continue
            reads = {key: self._read(cache.kind, key, damage.pair) for key, damage in cache.damaged.items()}
            mended = {key: read for key, read in reads.items() if isinstance(read, Record)}
            if mended:
                known = {record.key: record for record in cache.records()}
                damaged = {key: read for key, read in reads.items() if isinstance(read, Damage)}
                cache.load({**known, **mended}, self.revision, damaged)

    def _read(self, kind: Kind[Any], key: Key, pair: rpc.KeyValue) -> Record | Damage:
        try:
            value = self._vault.open(kind.resource, pair.key, pair.value)
        except UndecryptableError as error:
            log.error("object cannot be decrypted", resource=kind.resource, key=str(key), problem=str(error))
            return Damage(pair, str(error))
        return Record(kind, key, value, pair.mod_revision)

    def _define_all(self, pairs: Iterable[rpc.KeyValue]) -> None:
        """Puts the kinds that users define into the catalogue, before objects of theirs are met."""
        definitions = registry.CUSTOM_RESOURCE_DEFINITIONS
        prefix = keys.prefix_of(definitions)
        defined: set[str] = set()
        for pair in pairs:
            read = self._read(definitions, Key("", ""), pair) if pair.key.startswith(prefix) else None
            if isinstance(read, Record):
                kind = self._kind_of(read)
                if kind is not None:
                    self.of(kind).kind = kind
                    defined.add(kind.resource)
        for kind in self.catalogue.custom:
            if kind.resource not in defined:
                self._define(kind.resource, None)

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
                read = self._read(kind, key, event.kv)
                if isinstance(read, Record):
                    cache.put(read)
                else:
                    cache.damage(key, read)
            if kind is registry.CUSTOM_RESOURCE_DEFINITIONS:
                self._define(key.name, cache.get(key))
            touched[kind.resource] = cache
        self._advance(revision)
        for cache in touched.values():
            cache.log.wake()

    def _define(self, resource: str, definition: Record | None) -> None:
        kind = None if definition is None else self._kind_of(definition)
        if kind is None:
            self.catalogue.forget(resource)
            gone = self._kinds.pop(resource, None)
            if gone is not None:
                gone.load({}, self.revision)  # its watchers expire
        elif (cache := self.of(kind)).kind is not kind:
            cache.redefine(kind, self.revision)

    def _kind_of(self, definition: Record) -> Kind[Any] | None:
        """The kind that a stored definition defines, None if it is not served."""
        try:
            return self.catalogue.define(cast("CustomResourceDefinition", definition.message()))
        except ValueError as error:
            log.error("definition cannot be used", name=definition.key.name, problem=str(error))
            return None

    def _advance(self, revision: int) -> None:
        self.revision = revision
        while self._waiters and self._waiters[0][0] <= revision:
            _, _, reached = heapq.heappop(self._waiters)
            if not reached.done():
                reached.set_result(None)
