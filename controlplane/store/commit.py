"""Writes to etcd, many at a time: what arrives while a request is under way leaves with the next one.

One request holds up to 120 nested transactions, each with conditions of its own, so that each write succeeds or fails by
itself, and all share one sync to disk. At low load the first write leaves at once. When etcd's answer is lost, what became
of a write is found out from etcd afterwards, where that can be known.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd, LeaseGoneError, UnavailableError
from controlplane.store.mutation import ConditionError, Mutation
from controlplane.store.outcome import settle

_MOST_WRITES = 120
_MOST_OPERATIONS = 128  # etcd's default limit; the operations, or conditions, of one nested transaction count on top
_MOST_BYTES = 1_000_000  # etcd's default limit is 1.5 MiB for a request
_UNDER_WAY = 2


Waiting = tuple[Mutation, "asyncio.Future[int]"]


class Committer:
    """`run` does the writing and must be under way for `commit` to return."""

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()

    async def commit(self, mutation: Mutation) -> int:
        """The revision of the write. Raises ConditionError, LeaseGoneError, or UnavailableError when the outcome is not
        known."""
        try:
            return await self._send(mutation)
        except UnavailableError as error:
            return await settle(self._etcd, self._send, mutation, error)

    async def _send(self, mutation: Mutation) -> int:
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

    def _take(self) -> list[Waiting]:
        """The next writes that fit one request. Two writes of one key never share a request: etcd refuses that."""
        taken: list[Waiting] = []
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

    async def _write(self, batch: list[Waiting]) -> None:
        request = rpc.TxnRequest()
        for mutation, _ in batch:
            nested = request.success.add().request_txn
            nested.SetInParent()  # also one without conditions and operations counts
            mutation.add_to(nested)
        try:
            answer = await self._etcd.transact(request)
        except LeaseGoneError as error:  # etcd then refuses the request as a whole
            leased = [pair for pair in batch if pair[0].lease]
            self._waiting.extendleft(reversed([pair for pair in batch if not pair[0].lease]))
            _fail(leased, LeaseGoneError, error)
            return
        except UnavailableError as error:
            _fail(batch, UnavailableError, error)
            return
        for (_, outcome), part in zip(batch, answer.responses, strict=True):
            if outcome.done():
                continue
            if part.response_txn.succeeded:
                outcome.set_result(answer.header.revision)
            else:
                outcome.set_exception(ConditionError)


def _fail(batch: Sequence[Waiting], kind: type[Exception], error: Exception) -> None:
    for _, outcome in batch:
        if not outcome.done():
            outcome.set_exception(kind(str(error)))
