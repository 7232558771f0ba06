"""What became of a write whose answer was lost: the member that had it died, or answered too late.

etcd is asked. A key's revisions only grow and never come back, so:

- the value stored now, or one between the expected revision and now, is the one we sent: written;
- the key still is at the revision that we wanted to replace: not written yet, and sent again, which cannot write it twice;
- the key has moved on without our value: not written, and it never will be;
- the key is gone: a removal has what it wanted, an update has lost; of a creation it cannot be known, as it may have been
  written and removed, or still be under way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import CompactedError, Etcd, UnavailableError
from controlplane.store.mutation import ConditionError, Mutation

log = structlog.get_logger()

_SECONDS = 5.0  # to keep asking for
_PAUSE_SECONDS = 0.1


class UndecidedError(Exception):
    """etcd does not tell what became of the write."""


Send = Callable[[Mutation], Awaitable[int]]


async def settle(etcd: Etcd, send: Send, mutation: Mutation, error: UnavailableError) -> int:
    """The revision of the write. Raises ConditionError if it did not happen and cannot any more, and `error` when that
    cannot be known."""
    key = mutation.main
    if key is None:
        raise error
    clock = asyncio.get_running_loop().time
    deadline = clock() + _SECONDS
    while True:
        try:
            revision = await _found(etcd, key, mutation)
            if revision is not None:
                log.debug("write settled", key=key.decode(), revision=revision)
                return revision
            with contextlib.suppress(ConditionError):  # then the first attempt has been written meanwhile, or another write
                return await send(mutation)
        except UndecidedError as undecided:
            raise error from undecided
        except UnavailableError:
            if clock() + _PAUSE_SECONDS >= deadline:
                raise error from None
            await asyncio.sleep(_PAUSE_SECONDS)


async def _found(etcd: Etcd, key: bytes, mutation: Mutation) -> int | None:
    """The revision of the write; None when it has not happened and may be sent again."""
    expected = mutation.versions[key]
    pair, revision = await etcd.get(key)
    if pair is not None and pair.mod_revision == expected:
        return None
    if key in mutation.puts:
        if pair is not None:
            return await _among_versions(etcd, pair, mutation.puts[key], expected)
        if expected:
            raise ConditionError
        raise UndecidedError("the object is not there: it was never written, or written and removed")
    if pair is None or pair.create_revision > expected:
        return revision
    raise ConditionError


async def _among_versions(etcd: Etcd, pair: rpc.KeyValue, value: bytes, expected: int) -> int:
    """The revision at which the key got the value, looking back from its newest version to the one expected."""
    version: rpc.KeyValue | None = pair
    try:
        while version is not None and version.mod_revision > expected:
            if version.value == value:
                return version.mod_revision
            version, _ = await etcd.get(pair.key, revision=version.mod_revision - 1)
    except CompactedError as error:
        raise UndecidedError("the history that would tell is compacted") from error
    raise ConditionError
