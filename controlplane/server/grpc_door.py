"""The gRPC door: turns calls into verbs. Answers leave as the bytes that were stored."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

from controlplane.api import errors
from controlplane.client.client import STREAM_OPEN
from controlplane.server.authn.authenticator import Authenticator
from controlplane.server.front import Front, Outcome
from controlplane.server.grpc_failures import Context, abort, told
from controlplane.server.users import Caller, User
from controlplane.store.records import Record, delimited, repeated
from protos.v1 import resources_pb2 as wire

log = structlog.get_logger()

MOST_BYTES = 16 << 20  # of one request

Answer = Callable[[Caller, Any], Awaitable[bytes]]
Stream = Callable[[Caller, Any], AsyncIterator[bytes]]
Authenticate = Callable[[Context], Awaitable[Caller]]

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    # Above 1,000 calls that Python has not taken up yet gRPC drops some at random; here lines and turns decide instead.
    ("grpc.server.max_pending_requests", 100_000),
    ("grpc.server.max_pending_requests_hard_limit", 200_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
]


def caller_of(authenticator: Authenticator) -> Authenticate:
    """Says of a call who makes it. Raises Unauthorized, or Forbidden for somebody who may not act as another."""

    async def authenticate(context: Context) -> Caller:
        certificate = next(iter(context.auth_context().get("x509_pem_cert", ())), None)
        return await authenticator.authenticate(certificate, context.invocation_metadata() or (), context.peer())

    return authenticate


def unary(answer: Answer, request: type[Message], authenticate: Authenticate) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(message: Any, context: Context) -> bytes:
        caller = Caller(User(""))
        try:
            caller = await authenticate(context)
            answered = await answer(caller, message)
            if caller.warnings:
                context.set_trailing_metadata(told(caller.warnings))
            return answered
        except errors.StatusError as error:
            await abort(context, error, told(caller.warnings))
        except Exception as error:
            log.exception("call failed", request=type(message).__name__)
            await abort(context, errors.StatusError(f"internal error: {error}; the server's log has more"))
        raise AssertionError("abort does not return")

    return grpc.unary_unary_rpc_method_handler(handle, request_deserializer=request.FromString)


def streaming(stream: Stream, request: type[Message], authenticate: Authenticate) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(message: Any, context: Context) -> None:
        try:
            caller = await authenticate(context)
            await context.send_initial_metadata(((STREAM_OPEN, "1"),))
            async with contextlib.aclosing(stream(caller, message)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    await context.write(chunk)
        except errors.StatusError as error:
            await abort(context, error)

    return grpc.unary_stream_rpc_method_handler(handle, request_deserializer=request.FromString)


class ResourcesDoor:
    """The service `orlop.v1.Resources`."""

    def __init__(self, front: Front, authenticate: Authenticate) -> None:
        self._verbs = front
        self._authenticate = authenticate

    def handler(self) -> grpc.GenericRpcHandler:
        verbs, authenticate = self._verbs, self._authenticate
        return grpc.method_handlers_generic_handler("orlop.v1.Resources", {
            "Get": unary(_boxed(verbs.get), wire.GetRequest, authenticate),
            "List": unary(self._list, wire.ListRequest, authenticate),
            "Watch": streaming(verbs.watch, wire.WatchRequest, authenticate),
            "Create": unary(_boxed(verbs.create), wire.CreateRequest, authenticate),
            "Update": unary(_boxed(verbs.update), wire.UpdateRequest, authenticate),
            "Patch": unary(_boxed(verbs.patch), wire.PatchRequest, authenticate),
            "Delete": unary(_boxed(verbs.delete), wire.DeleteRequest, authenticate),
            "DeleteCollection": unary(self._delete_collection, wire.DeleteCollectionRequest, authenticate),
            "Bind": unary(_boxed(verbs.bind), wire.BindRequest, authenticate),
            "Batch": unary(self._batch, wire.BatchRequest, authenticate),
            "Kinds": unary(self._kinds, wire.KindsRequest, authenticate),
            "Convert": unary(self._convert, wire.ConvertRequest, authenticate),
        })  # fmt: skip

    async def _kinds(self, caller: Caller, request: wire.KindsRequest) -> bytes:
        return (await self._verbs.kinds(caller, request)).SerializeToString()

    async def _convert(self, caller: Caller, request: wire.ConvertRequest) -> bytes:
        return (await self._verbs.convert(caller, request)).SerializeToString()

    async def _list(self, caller: Caller, request: wire.ListRequest) -> bytes:
        page = await self._verbs.list(caller, request)
        items = repeated(2, (record.boxed for record in page.records))
        return delimited(1, page.metadata.SerializeToString()) + items

    async def _delete_collection(self, caller: Caller, request: wire.DeleteCollectionRequest) -> bytes:
        records = await self._verbs.delete_collection(caller, request)
        return b"".join(delimited(1, record.boxed) for record in records)

    async def _batch(self, caller: Caller, request: wire.BatchRequest) -> bytes:
        outcomes = await self._verbs.batch(caller, request)
        return b"".join(delimited(1, _result(outcome)) for outcome in outcomes)


def _boxed(verb: Callable[[Caller, Any], Awaitable[Record]]) -> Answer:
    async def answer(caller: Caller, request: Any) -> bytes:
        return (await verb(caller, request)).boxed

    return answer


def _result(outcome: Outcome) -> bytes:
    warnings = b"".join(delimited(3, warning.encode()) for warning in outcome.warnings)
    if isinstance(outcome.result, errors.StatusError):
        return delimited(2, outcome.result.status.SerializeToString()) + warnings
    return delimited(1, outcome.result.boxed) + warnings
