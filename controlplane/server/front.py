"""The verbs as doors see them: every request waits for its turn, and what became of it is written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors
from controlplane.server.gate import Gate, Passage
from controlplane.server.reads import Page
from controlplane.server.users import Caller
from controlplane.server.verbs import Verbs
from controlplane.store.records import Record
from protos.v1 import resources_pb2 as wire

_MOST_WRITES = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write of a batch."""

    result: Record | errors.StatusError
    warnings: Sequence[str] = ()


class Front:
    def __init__(self, verbs: Verbs, gate: Gate) -> None:
        self._verbs = verbs
        self._gate = gate

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.get(caller, request))

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        async with self._gate.request(caller, request):
            return await self._verbs.list(caller, request)

    async def kinds(self, caller: Caller, request: wire.KindsRequest) -> wire.KindsResponse:
        async with self._gate.request(caller, request):
            return await self._verbs.kinds(caller, request)

    async def convert(self, caller: Caller, request: wire.ConvertRequest) -> wire.ConvertResponse:
        async with self._gate.request(caller, request):
            return await self._verbs.convert(caller, request)

    async def watch(self, caller: Caller, request: wire.WatchRequest) -> AsyncIterator[bytes]:
        """A watch lasts: it has a line in the log, at its end, but no seat."""
        async with self._gate.audited(caller, request), contextlib.aclosing(self._verbs.watch(caller, request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.create(caller, request))

    async def update(self, caller: Caller, request: wire.UpdateRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.update(caller, request))

    async def patch(self, caller: Caller, request: wire.PatchRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.patch(caller, request))

    async def delete(self, caller: Caller, request: wire.DeleteRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.delete(caller, request))

    async def delete_collection(self, caller: Caller, request: wire.DeleteCollectionRequest) -> Sequence[Record]:
        async with self._gate.request(caller, request):
            return await self._verbs.delete_collection(caller, request)

    async def bind(self, caller: Caller, request: wire.BindRequest) -> Record:
        async with self._gate.request(caller, request) as passage:
            return _seen(passage, await self._verbs.bind(caller, request))

    async def batch(self, caller: Caller, request: wire.BatchRequest) -> Sequence[Outcome]:
        """One turn for all; each write succeeds or fails, and is written down, by itself. They share requests to etcd
        because they are under way together."""
        if len(request.writes) > _MOST_WRITES:
            raise errors.BadRequest(f"writes: {len(request.writes)} in one batch; the limit is {_MOST_WRITES}")
        async with self._gate.turn(caller.user):
            return await asyncio.gather(*(self._outcome(caller.another(), write) for write in request.writes))

    async def _outcome(self, caller: Caller, write: wire.WriteRequest) -> Outcome:
        chosen = write.WhichOneof("write")
        request: Any = getattr(write, chosen) if chosen else write
        try:
            async with self._gate.audited(caller, request) as passage:
                return Outcome(_seen(passage, await self._verbs.write(caller, write)), caller.warnings)
        except errors.StatusError as error:
            return Outcome(error, caller.warnings)


def _seen(passage: Passage, record: Record) -> Record:
    passage.answer = record
    return record
