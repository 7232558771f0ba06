"""Writes to etcd, many at a time: what arrives while a request is under way leaves with the next one.

One request holds up to 120 nested transactions, each with conditions of its own, so that each write succeeds or fails by
itself, and all share one sync to disk. At low load the first write leaves at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd, UnavailableError

_MOST_WRITES = 120
_MOST_OPERATIONS = 128  # etcd's default limit; the operations, or conditions, of one nested transaction count on top
_MOST_BYTES = 1_000_000  # etcd's default limit is 1.5 MiB for a request
_UNDER_WAY = 2


class ConditionError(Exception):
    """A condition of a mutation did not hold; nothing of it was written."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """Puts and deletes that happen together, if each key of `versions` was last changed at the revision given there
    (0: there is no such key)."""

    versions: Mapping[bytes, int]
    puts: Mapping[bytes, bytes] = field(default_factory=dict)
    deletes: Iterable[bytes] = ()

    @property
    def keys(self) -> set[bytes]:
        return {*self.puts, *self.deletes}

    @property
    def size(self) -> int:
        return sum(len(key) + len(value) for key, value in self.puts.items())

    @property
    def operations(self) -> int:
        return max(len(self.versions), len(self.keys))

    def transaction(self) -> rpc.TxnRequest:
        txn = rpc.TxnRequest()
        for key, revision in self.versions.items():
            txn.compare.add(target=rpc.Compare.MOD, result=rpc.Compare.EQUAL, key=key, mod_revision=revision)
        for key, value in self.puts.items():
            txn.success.add(request_put=rpc.PutRequest(key=key, value=value))
        for key in self.deletes:
            txn.success.add(request_delete_range=rpc.DeleteRangeRequest(key=key))
        return txn


class Committer:
    """`run` does the writing and must be under way for `commit` to return."""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._waiting: deque[tuple[Mutation, asyncio.Future[int]]] = deque()
        self._wake = asyncio.Event()

    async def commit(self, mutation: Mutation) -> int:
        """The revision of the write. Raises ConditionError, or UnavailableError when the outcome is not known."""
        outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((mutation, outcome))
        self._wake.set()
        return await outcome

    async def run(self) -> None:
        """Writes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(_UNDER_WAY):
                tasks.create_task(self._write_forever(), name=f"commit-{number}")

    async def _write_forever(self) -> None:
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await self._write(self._take())

    def _take(self) -> list[tuple[Mutation, asyncio.Future[int]]]:
        """The next writes that fit one request. Two writes of one key never share a request: etcd refuses that."""
        taken: list[tuple[Mutation, asyncio.Future[int]]] = []
        keys: set[bytes] = set()
        size = widest = 0
        while self._waiting and len(taken) < _MOST_WRITES:
            mutation, _ = self._waiting[0]
            size, widest = size + mutation.size, max(widest, mutation.operations)
            full = size > _MOST_BYTES or len(taken) + 1 + widest > _MOST_OPERATIONS
            if taken and (full or not keys.isdisjoint(mutation.keys)):
                break
            keys |= mutation.keys
            taken.append(self._waiting.popleft())
        return taken

    async def _write(self, batch: list[tuple[Mutation, asyncio.Future[int]]]) -> None:
        request = rpc.TxnRequest()
        for mutation, _ in batch:
            request.success.add(request_txn=mutation.transaction())
        try:
            answer = await self._etcd.transact(request)
        except UnavailableError as error:
            for _, outcome in batch:
                if not outcome.done():
                    outcome.set_exception(UnavailableError(str(error)))
            return
        for (_, outcome), part in zip(batch, answer.responses, strict=True):
            if outcome.done():
                continue
            if part.response_txn.succeeded:
                outcome.set_result(answer.header.revision)
            else:
                outcome.set_exception(ConditionError)
