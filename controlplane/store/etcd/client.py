"""A thin asyncio client of etcd's v3 API: reads at a revision, transactions, leases, watches that resume, compaction.

With several members it stays with one until that fails, then takes the next. Reads are repeated for a few seconds; a
transaction that fails with Unavailable may or may not have been applied, and the caller must read before it tries again.
etcd's password authentication is not used: who one is is the certificate's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import structlog

from controlplane.store.endpoint import Endpoint
from controlplane.store.etcd import rpc_pb2 as rpc

log = structlog.get_logger()

_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.lb_policy_name", "pick_first"),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
]
_CALL_SECONDS = 3.0  # a member that lost its leader may keep a request for seven, and drop it in the end
_READ_SECONDS = 5.0  # to repeat a read for; a new leader is elected within two or three
_READ_PAUSE_SECONDS = 0.1
_PAGE = 500
_WATCH_BACKOFF_SECONDS = (0.05, 1.0)
_RESUMABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)


class CompactedError(Exception):
    """The revision asked for is older than what etcd keeps; `revision` is the oldest it does."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"etcd has compacted its history up to revision {revision}")
        self.revision = revision


class UnavailableError(Exception):
    """etcd did not answer. A write may still have been applied."""


class LeaseGoneError(Exception):
    """A put names a lease that has ended; nothing of its transaction was written."""


@dataclass(frozen=True, slots=True)
class WatchBatch:
    """All events up to and including `revision`. etcd's reports of progress are not used: before 3.4.25 they may
    run ahead of the events (etcd issue 15220)."""

    revision: int
    events: Sequence[rpc.Event]


@dataclass(frozen=True, slots=True)
class Page:
    """Pairs in order, whether more follow, how many there are from the start on, and the revision they show."""

    pairs: Sequence[rpc.KeyValue]
    more: bool
    count: int
    revision: int


def _channel(endpoint: Endpoint) -> grpc.aio.Channel:
    target = f"ipv4:{','.join(endpoint.addresses)}"
    if not endpoint.ca:
        return grpc.aio.insecure_channel(target, _OPTIONS)
    credentials = grpc.ssl_channel_credentials(endpoint.ca, endpoint.key, endpoint.certificate)
    name = ("grpc.ssl_target_name_override", endpoint.addresses[0].rsplit(":", 1)[0])
    return grpc.aio.secure_channel(target, credentials, [*_OPTIONS, name])


def prefix_end(prefix: bytes) -> bytes:
    """The first key after all keys that start with `prefix`."""
    end = bytearray(prefix)
    while end and end[-1] == 0xFF:
        end.pop()
    if not end:
        return b"\0"
    end[-1] += 1
    return bytes(end)


class Etcd:
    def __init__(self, endpoint: Endpoint) -> None:
        self._channel = _channel(endpoint)
        self._range = self._unary("KV/Range", rpc.RangeRequest, rpc.RangeResponse)
        self._txn = self._unary("KV/Txn", rpc.TxnRequest, rpc.TxnResponse)
        self._compact = self._unary("KV/Compact", rpc.CompactionRequest, rpc.CompactionResponse)
        self._grant = self._unary("Lease/LeaseGrant", rpc.LeaseGrantRequest, rpc.LeaseGrantResponse)
        self._status = self._unary("Maintenance/Status", rpc.StatusRequest, rpc.StatusResponse)
        self._watch = self._channel.stream_stream(
            "/etcdserverpb.Watch/Watch",
            request_serializer=rpc.WatchRequest.SerializeToString,
            response_deserializer=rpc.WatchResponse.FromString,
        )

    async def close(self) -> None:
        await self._channel.close(None)

    def _unary(self, path: str, request: Any, response: Any) -> Any:
        return self._channel.unary_unary(
            f"/etcdserverpb.{path}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )

    async def _call(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.OUT_OF_RANGE:
                raise CompactedError(0) from error
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise LeaseGoneError(error.details()) from error
            raise UnavailableError(f"etcd: {error.code().name}: {error.details()}") from error

    async def _read(self, method: Any, request: Any) -> Any:
        """As `_call`, repeated while members are away."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _READ_SECONDS
        while True:
            try:
                return await self._call(method, request)
            except UnavailableError:
                if clock() + _READ_PAUSE_SECONDS >= deadline:
                    raise
            await asyncio.sleep(_READ_PAUSE_SECONDS)

    async def get(self, key: bytes, *, revision: int = 0) -> tuple[rpc.KeyValue | None, int]:
        """The newest value, or that at a past revision, and the revision of the answer."""
        answer: rpc.RangeResponse = await self._read(self._range, rpc.RangeRequest(key=key, revision=revision))
        return (answer.kvs[0] if answer.kvs else None), answer.header.revision

    async def revision(self) -> int:
        """The newest revision that a majority of members has."""
        answer: rpc.RangeResponse = await self._read(self._range, rpc.RangeRequest(key=b"\0", count_only=True))
        return answer.header.revision

    async def page(self, start: bytes, end: bytes, *, limit: int, revision: int = 0) -> Page:
        """Pairs from `start` up to `end`."""
        request = rpc.RangeRequest(key=start, range_end=end, limit=limit, revision=revision)
        answer: rpc.RangeResponse = await self._read(self._range, request)
        return Page(answer.kvs, answer.more, answer.count, revision or answer.header.revision)

    async def list(self, prefix: bytes) -> tuple[int, Sequence[rpc.KeyValue]]:
        """All pairs under a prefix as of one revision, and that revision."""
        pairs: list[rpc.KeyValue] = []
        start, end, revision, more = prefix, prefix_end(prefix), 0, True
        while more:
            page = await self.page(start, end, limit=_PAGE, revision=revision)
            pairs.extend(page.pairs)
            revision, more = page.revision, page.more
            start = page.pairs[-1].key + b"\0" if page.pairs else end
        return revision, pairs

    async def transact(self, request: rpc.TxnRequest) -> rpc.TxnResponse:
        answer: rpc.TxnResponse = await self._call(self._txn, request)
        return answer

    async def grant(self, seconds: int) -> int:
        """A new lease; what is put with it goes when it ends."""
        answer: rpc.LeaseGrantResponse = await self._call(self._grant, rpc.LeaseGrantRequest(ttl=seconds))
        return answer.id

    async def compact(self, revision: int) -> None:
        """Forgets what was true before `revision`; what others have compacted already is no error."""
        try:
            await self._call(self._compact, rpc.CompactionRequest(revision=revision))
        except CompactedError:
            log.debug("already compacted", revision=revision)

    async def status(self) -> rpc.StatusResponse:
        answer: rpc.StatusResponse = await self._read(self._status, rpc.StatusRequest())
        return answer

    def watch(self, prefix: bytes, *, start_revision: int) -> Watch:
        return Watch(self._watch, prefix, start_revision)


class Watch:
    """Every change under a prefix from a revision on, each revision whole. Reconnects and resumes by itself; raises
    CompactedError when it cannot without a gap. One reader."""

    def __init__(self, method: Any, prefix: bytes, start_revision: int) -> None:
        self._method, self._prefix, self._next = method, prefix, start_revision

    async def batches(self) -> AsyncIterator[WatchBatch]:
        first, longest = _WATCH_BACKOFF_SECONDS
        pause = first
        while True:
            call = self._method(timeout=None)
            try:
                await call.write(_watch_from(self._prefix, self._next))
                async for batch in _batches(call):
                    pause = first
                    yield batch
                    self._next = batch.revision + 1
            except grpc.aio.AioRpcError as error:
                if error.code() not in _RESUMABLE:
                    raise
                log.debug("etcd watch lost", code=error.code().name, resume=self._next)
            except asyncio.InvalidStateError as error:
                log.debug("etcd watch lost", error=str(error), resume=self._next)
            finally:
                call.cancel()
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)


def _watch_from(prefix: bytes, revision: int) -> rpc.WatchRequest:
    create = rpc.WatchCreateRequest(key=prefix, range_end=prefix_end(prefix), start_revision=revision, fragment=True)
    return rpc.WatchRequest(create_request=create)


async def _batches(call: Any) -> AsyncIterator[WatchBatch]:
    """The stream's messages, fragments joined, each ending with a whole revision."""
    held: list[rpc.Event] = []
    while True:
        message = await call.read()
        if message is grpc.aio.EOF:
            return
        if message.canceled:
            if message.compact_revision:
                raise CompactedError(message.compact_revision)
            log.warning("etcd cancelled the watch", reason=message.cancel_reason)
            return
        if message.created:
            continue
        held.extend(message.events)
        if message.fragment:
            continue
        if held:
            yield WatchBatch(held[-1].kv.mod_revision, held)
            held = []
