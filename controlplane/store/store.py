"""The store: objects in etcd, written by compare-and-set, read from the watch cache or from etcd itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind, kind_of
from controlplane.store import keys
from controlplane.store.cache import Cache
from controlplane.store.commit import Committer, ConditionError, Mutation
from controlplane.store.endpoint import Endpoint
from controlplane.store.etcd.client import CompactedError, Etcd, UnavailableError, prefix_end
from controlplane.store.history import compact_behind
from controlplane.store.records import Record, without_version

MOST_BYTES = 1_400_000  # an object's encoding; etcd refuses requests above 1.5 MiB


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A value of a pool that an object takes or gives up together with its own write."""

    pool: str
    value: str
    owner: str = ""

    @property
    def key(self) -> bytes:
        return keys.allocation(self.pool, self.value)


@dataclass(frozen=True, slots=True)
class Also:
    """An object that is written in the same transaction as another: in place of a record, or, without one, as a new one."""

    obj: ApiObject
    replaces: Record | None = None

    def add_to(self, versions: dict[bytes, int], puts: dict[bytes, bytes]) -> None:
        key = keys.key_for(kind_of(self.obj), key_of(self.obj))
        versions[key] = self.replaces.revision if self.replaces else 0
        puts[key] = without_version(self.obj)


class Store:
    """`run` must be under way for everything else to return. Errors are those of `controlplane.api.errors`."""

    def __init__(self, endpoint: Endpoint, *, history_seconds: float) -> None:
        self._etcd = Etcd(endpoint)
        self._committer = Committer(self._etcd)
        self._history_seconds = history_seconds
        self.cache = Cache(self._etcd, self._pass_barrier)
        self.catalogue = self.cache.catalogue

    async def run(self) -> None:
        """Serves until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._committer.run(), name="commit")
                tasks.create_task(self.cache.run(), name="watch-cache")
                tasks.create_task(compact_behind(self._etcd, self._history_seconds), name="compact")
        finally:
            await self._etcd.close()

    async def get(self, kind: Kind[Any], key: Key) -> Record | None:
        """The newest version there is."""
        try:
            pair, _ = await self._etcd.get(keys.key_for(kind, key))
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
        return None if pair is None else Record(kind, key, pair.value, pair.mod_revision)

    async def freshen(self) -> int:
        """Returns once the cache has everything that was acknowledged before the call."""
        try:
            return await self.cache.freshen()
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error

    async def reach(self, revision: int) -> None:
        """Returns once the cache has everything up to `revision`; raises Expired for one that this cluster never had."""
        try:
            if revision > self.cache.revision and revision > await self._etcd.revision():
                raise errors.Expired(f"resource version {revision} is newer than any this cluster has; list again")
            await self.cache.reach(revision)
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error

    async def page(
        self, kind: Kind[Any], namespace: str, *, after: Key | None, limit: int, revision: int
    ) -> tuple[Sequence[Record], bool]:
        """Objects in order after a key as of a past revision, and whether there are more."""
        prefix = keys.prefix_of(kind, namespace)
        start = prefix if after is None else keys.key_for(kind, after) + b"\0"
        try:
            pairs, more, _ = await self._etcd.page(start, prefix_end(prefix), limit=limit, revision=revision)
        except CompactedError as error:
            raise errors.Expired(f"revision {revision} is no longer kept; list again from the start") from error
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
        parsed = ((keys.parse(pair.key, self.catalogue), pair) for pair in pairs)
        return [Record(kind, found[1], pair.value, pair.mod_revision) for found, pair in parsed if found], more

    async def write(
        self,
        kind: Kind[Any],
        obj: ApiObject,
        *,
        replaces: Record | None,
        takes: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
        requires: Record | None = None,
        also: Sequence[Also] = (),
    ) -> Record | None:
        """The object as stored, or None if it is no longer at the version of `replaces` (None: if it exists already), a
        claim is taken, the object it requires has changed, or one of those to be written with it has."""
        value, key = without_version(obj), key_of(obj)
        if len(value) > MOST_BYTES:
            raise errors.TooLarge(f'{kind.resource} "{key.name}" takes {len(value)} bytes; the limit is {MOST_BYTES}')
        versions = {keys.key_for(kind, key): replaces.revision if replaces else 0}
        puts = {keys.key_for(kind, key): value}
        for claim in takes:
            versions[claim.key] = 0
            puts[claim.key] = claim.owner.encode()
        if requires is not None:
            versions[keys.key_for(requires.kind, requires.key)] = requires.revision
        for other in also:
            other.add_to(versions, puts)
        revision = await self._commit(Mutation(versions, puts, [claim.key for claim in frees]))
        return None if revision is None else Record(kind, key, value, revision)

    async def remove(self, record: Record, *, frees: Sequence[Claim] = (), also: Sequence[Also] = ()) -> int | None:
        """The revision of the end, or None if the object, or one to be written with its end, has changed."""
        own = keys.key_for(record.kind, record.key)
        versions, puts = {own: record.revision}, dict[bytes, bytes]()
        for other in also:
            other.add_to(versions, puts)
        return await self._commit(Mutation(versions, puts, [own, *(claim.key for claim in frees)]))

    async def _pass_barrier(self) -> None:
        await self._committer.commit(Mutation({}, {keys.BARRIER: b""}))

    async def _commit(self, mutation: Mutation) -> int | None:
        try:
            return await self._committer.commit(mutation)
        except ConditionError:
            return None
        except UnavailableError as error:
            raise errors.Unavailable(f"the write may or may not have happened: {error}; look, then try again") from error

    async def check(self) -> str:
        """etcd's version; raises Unavailable when it does not answer."""
        try:
            return (await self._etcd.status()).version
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
