"""Sends the writes of all controllers: what arrives while a request is under way leaves together with the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from controlplane.api import errors
from controlplane.api.objects import ApiObject
from controlplane.client.client import Client
from protos.v1.resources_pb2 import WriteRequest

_UNDER_WAY = 2
_MOST_WRITES = 500

Outcome: TypeAlias = ApiObject | errors.StatusError
_Waiting: TypeAlias = "tuple[Sequence[WriteRequest], asyncio.Future[Sequence[Outcome]]]"


class Writer:
    """`run` does the sending and must be under way for `write` to return."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()

    async def write(self, writes: Sequence[WriteRequest]) -> Sequence[Outcome]:
        """The outcomes in the same order. Raises StatusError when it is not known which of them were made."""
        future: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, future))
        self._wake.set()
        return await future

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(_UNDER_WAY):
                tasks.create_task(self._send_forever(), name=f"writer-{number}")

    async def _send_forever(self) -> None:
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await self._send(self._next())

    def _next(self) -> list[_Waiting]:
        """What goes out together: whole plans, until there are enough writes."""
        taken = [self._waiting.popleft()]
        size = len(taken[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= _MOST_WRITES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1][0])
        return taken

    async def _send(self, taken: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._client.batch([write for writes, _ in taken for write in writes])
        except errors.StatusError as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for writes, future in taken:
            if not future.done():
                future.set_result(outcomes[start : start + len(writes)])
            start += len(writes)
