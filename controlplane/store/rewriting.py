"""Follows the file that says how values are encrypted, and rewrites what was written in another way.

Rewriting changes no object, only its version: each is opened and sealed again, and replaced if it has not changed meanwhile.
It may be stopped anywhere, and several servers may do it at once: what is done needs no doing again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from controlplane.api.kind import Kind
from controlplane.store import encryption, keys
from controlplane.store.cache import Cache
from controlplane.store.commit import Committer
from controlplane.store.encryption import UndecryptableError, Vault
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import CompactedError, Etcd, LeaseGoneError, UnavailableError, prefix_end
from controlplane.store.mutation import ConditionError, Mutation

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_AT_ONCE = 50
_PAUSE_SECONDS = 0.1  # after each of these, so that at most 500 a second are rewritten
_RETRY_SECONDS = 5.0


class Encryption:
    """`run` does the work. The vault has the file's rules from the start. Raises ValueError or OSError for a bad file."""

    def __init__(self, etcd: Etcd, committer: Committer, cache: Cache, vault: Vault, path: Path | None) -> None:
        self._etcd, self._committer, self._cache = etcd, committer, cache
        self._vault, self._path = vault, path
        self._seen = _stamp(path) if path else None
        if path:
            vault.replace(encryption.load(path))

    async def run(self) -> None:
        """Rewrites what is not written with the first key, then waits for another file, until cancelled."""
        if self._path is None:
            return
        await self._cache.loaded()
        while True:
            try:
                await self._rewrite_all()
            except (UnavailableError, CompactedError) as error:
                log.warning("rewriting with the first key paused", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._changed(self._path)
            self._cache.reopen()

    async def _changed(self, path: Path) -> None:
        """Returns once there is another good file. It is looked at: editors and mounted volumes replace files."""
        while not self._reloaded(path):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)

    def _reloaded(self, path: Path) -> bool:
        """Whether the file has changed and is good; the old rules stay while it is not."""
        stamp = _stamp(path)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._vault.replace(encryption.load(path))
        except (OSError, ValueError) as error:
            log.error("encryption configuration not taken; the earlier one stays", error=str(error))
            return False
        log.info("encryption configuration taken", path=str(path))
        return True

    async def _rewrite_all(self) -> None:
        for kind in [kind for kind in self._cache.catalogue if kind.stored and self._vault.covers(kind.resource)]:
            rewritten = await self._rewrite(kind)
            if rewritten:
                log.info("rewritten with the first key", resource=kind.resource, objects=rewritten)

    async def _rewrite(self, kind: Kind[Any]) -> int:
        prefix = keys.prefix_of(kind)
        start, count, more = prefix, 0, True
        while more:
            page = await self._etcd.page(start, prefix_end(prefix), limit=_AT_ONCE)
            more = page.more
            if not page.pairs:
                break
            start = page.pairs[-1].key + b"\0"
            mutations = list(self._mutations(kind, page.pairs))
            if mutations:
                outcomes = await asyncio.gather(*map(self._replaced, mutations))
                count += sum(outcomes)
                await asyncio.sleep(_PAUSE_SECONDS)
        return count

    def _mutations(self, kind: Kind[Any], pairs: Sequence[rpc.KeyValue]) -> Iterator[Mutation]:
        for pair in pairs:
            if self._vault.is_current(kind.resource, pair.value):
                continue
            try:
                value = self._vault.open(kind.resource, pair.key, pair.value)
            except UndecryptableError as error:
                log.error("object cannot be rewritten", key=pair.key.decode(), problem=str(error))
                continue
            sealed = self._vault.seal(kind.resource, pair.key, value)
            yield Mutation({pair.key: pair.mod_revision}, {pair.key: sealed}, lease=pair.lease)

    async def _replaced(self, mutation: Mutation) -> bool:
        """False when somebody else has written the object meanwhile, or its time was over, which is as good."""
        try:
            await self._committer.commit(mutation)
        except (ConditionError, LeaseGoneError):
            return False
        return True


def _stamp(path: Path) -> tuple[int, int, int]:
    """What differs between one file and another at a path; zeros when there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
