"""The store: objects in etcd, written by compare-and-set, read from the watch cache or from etcd itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind, kind_of
from controlplane.store import keys
from controlplane.store.cache import Cache
from controlplane.store.commit import Committer
from controlplane.store.encryption import UndecryptableError, Vault
from controlplane.store.endpoint import Endpoint
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import CompactedError, Etcd, LeaseGoneError, UnavailableError, prefix_end
from controlplane.store.history import compact_behind
from controlplane.store.leases import Leases
from controlplane.store.members import Member, members
from controlplane.store.mutation import ConditionError, Mutation
from controlplane.store.records import Record, without_version
from controlplane.store.rewriting import Encryption
from controlplane.store.snapshots import Snapshots

MOST_BYTES = 1_400_000  # an object's encoding; etcd refuses requests above 1.5 MiB
HISTORY_BYTES = 1 << 30  # half of etcd's default quota
EVENT_TTL_SECONDS = 3600.0


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


@dataclass(frozen=True, slots=True)
class Page:
    """Records in order, whether more follow, and how many."""

    records: Sequence[Record]
    more: bool
    remaining: int


def undecryptable(kind: Kind[Any], key: Key, problem: str) -> errors.StatusError:
    return errors.StatusError(
        f'Internal error occurred: {kind.resource} "{key}" cannot be decrypted: {problem}', kind=kind.resource, name=key.name
    )


class Store:
    """`run` must be under way for everything else to return. Errors are those of `controlplane.api.errors`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        history_seconds: float,
        history_bytes: int = HISTORY_BYTES,
        event_ttl_seconds: float = EVENT_TTL_SECONDS,
        encryption: Path | None = None,
    ) -> None:
        """`encryption` is an EncryptionConfiguration file, which is followed. Raises ValueError or OSError for a bad one."""
        self._endpoint = endpoint
        self._etcd = Etcd(endpoint)
        self._committer = Committer(self._etcd)
        self._history = (history_seconds, history_bytes)
        self._leases = Leases(self._etcd, ttl_seconds=event_ttl_seconds, clock=time.monotonic)
        self._vault = Vault()
        self.cache = Cache(self._etcd, self._pass_barrier, self._vault)
        self.catalogue = self.cache.catalogue
        self._encryption = Encryption(self._etcd, self._committer, self.cache, self._vault, encryption)
        self.snapshots = Snapshots(time.monotonic)

    async def run(self) -> None:
        """Serves until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._committer.run(), name="commit")
                tasks.create_task(self.cache.run(), name="watch-cache")
                tasks.create_task(compact_behind(self._etcd, *self._history), name="compact")
                tasks.create_task(self._encryption.run(), name="encryption")
        finally:
            self.snapshots.clear()
            await self._etcd.close()

    async def get(self, kind: Kind[Any], key: Key) -> Record | None:
        """The newest version there is."""
        try:
            pair, _ = await self._etcd.get(keys.key_for(kind, key))
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
        return None if pair is None else self._record(kind, key, pair)

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

    async def page(self, kind: Kind[Any], namespace: str, *, after: Key | None, limit: int, revision: int) -> Page:
        """Objects in order after a key as of a past revision."""
        prefix = keys.prefix_of(kind, namespace)
        start = prefix if after is None else keys.key_for(kind, after) + b"\0"
        try:
            page = await self._etcd.page(start, prefix_end(prefix), limit=limit, revision=revision)
        except CompactedError as error:
            raise errors.Expired(f"too old resource version: {revision} is no longer kept; list again") from error
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
        parsed = ((keys.parse(pair.key, self.catalogue), pair) for pair in page.pairs)
        records = [self._record(kind, found[1], pair) for found, pair in parsed if found]
        return Page(records, page.more, page.count - len(page.pairs))

    async def write(
        self,
        kind: Kind[Any],
        obj: ApiObject,
        *,
        replaces: Record | None,
        takes: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
        requires: Sequence[Record] = (),
        also: Sequence[Also] = (),
    ) -> Record | None:
        """The object as stored, or None if it is no longer at the version of `replaces` (None: if it exists already), a
        claim is taken, an object it requires has changed, or one of those to be written with it has."""
        value, key = without_version(obj), key_of(obj)
        if len(value) > MOST_BYTES:
            raise errors.TooLarge(f'{kind.resource} "{key.name}" takes {len(value)} bytes; the limit is {MOST_BYTES}')
        own = keys.key_for(kind, key)
        versions, puts = {own: replaces.revision if replaces else 0}, {own: value}
        for claim in takes:
            versions[claim.key] = 0
            puts[claim.key] = claim.owner.encode()
        for required in requires:
            versions[keys.key_for(required.kind, required.key)] = required.revision
        for other in also:
            other.add_to(versions, puts)
        lease = await self._lease(kind)
        revision = await self._commit(Mutation(versions, self._sealed(puts), [claim.key for claim in frees], lease))
        return None if revision is None else Record(kind, key, value, revision)

    async def remove(self, record: Record, *, frees: Sequence[Claim] = (), also: Sequence[Also] = ()) -> int | None:
        """The revision of the end, or None if the object, or one to be written with its end, has changed."""
        own = keys.key_for(record.kind, record.key)
        versions, puts = {own: record.revision}, dict[bytes, bytes]()
        for other in also:
            other.add_to(versions, puts)
        return await self._commit(Mutation(versions, self._sealed(puts), [own, *(claim.key for claim in frees)]))

    async def _pass_barrier(self) -> None:
        await self._committer.commit(Mutation({}, {keys.BARRIER: b""}))

    def _record(self, kind: Kind[Any], key: Key, pair: rpc.KeyValue) -> Record:
        try:
            value = self._vault.open(kind.resource, pair.key, pair.value)
        except UndecryptableError as error:
            raise undecryptable(kind, key, str(error)) from error
        return Record(kind, key, value, pair.mod_revision)

    def _sealed(self, puts: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """The values as they are stored."""
        return {key: self._vault.seal(keys.resource_of(key), key, value) for key, value in puts.items()}

    async def _lease(self, kind: Kind[Any]) -> int:
        """The lease that ends objects of a kind that are kept for a time only; 0 for others."""
        if kind is not registry.EVENTS:
            return 0
        try:
            return await self._leases.current()
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error

    async def _commit(self, mutation: Mutation) -> int | None:
        try:
            return await self._committer.commit(mutation)
        except ConditionError:
            return None
        except LeaseGoneError as error:
            self._leases.forget()
            raise errors.Unavailable(f"nothing was written: {error}; try again") from error
        except UnavailableError as error:
            raise errors.Unavailable(f"the write may or may not have happened: {error}; look, then try again") from error

    async def members(self) -> Sequence[Member]:
        """How etcd's members are."""
        return await members(self._endpoint)

    async def check(self) -> str:
        """etcd's version; raises Unavailable when it does not answer."""
        try:
            return (await self._etcd.status()).version
        except UnavailableError as error:
            raise errors.Unavailable(str(error)) from error
