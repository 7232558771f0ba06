"""Errors and warnings on their way out by gRPC.

An error is told in the standard's details, so that any language can read it. All of it travels as metadata, of which clients
take 8 KiB and no more: what is longer is cut, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.rpc import status_pb2

from controlplane.api import errors
from controlplane.client.client import WARNING
from protos.v1 import meta_pb2 as meta

Context = grpc.aio.ServicerContext[Any, Any]
Metadata = Sequence[tuple[str, bytes]]

DETAILS = "grpc-status-details-bin"
_MOST_TEXT = 1024  # bytes of a message; it travels twice, and up to three times as long where it is not ASCII
_MOST_DETAILS = 3072
_MOST_WARNINGS = 1024

_CODES: Mapping[str, grpc.StatusCode] = {
    "NotFound": grpc.StatusCode.NOT_FOUND,
    "AlreadyExists": grpc.StatusCode.ALREADY_EXISTS,
    "Conflict": grpc.StatusCode.ABORTED,
    "Invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "BadRequest": grpc.StatusCode.INVALID_ARGUMENT,
    "UnsupportedMediaType": grpc.StatusCode.INVALID_ARGUMENT,
    "Unauthorized": grpc.StatusCode.UNAUTHENTICATED,
    "Forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "Expired": grpc.StatusCode.OUT_OF_RANGE,
    "RequestEntityTooLarge": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "TooManyRequests": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "MethodNotAllowed": grpc.StatusCode.UNIMPLEMENTED,
    "Timeout": grpc.StatusCode.DEADLINE_EXCEEDED,
    "ServiceUnavailable": grpc.StatusCode.UNAVAILABLE,
}


async def abort(context: Context, error: errors.StatusError, warnings: Metadata = ()) -> None:
    """Ends the call with the error."""
    code = _CODES.get(error.reason, grpc.StatusCode.INTERNAL)
    text = shortened(error.message, _MOST_TEXT)
    detail = any_pb2.Any()
    detail.Pack(fitting(error.status))
    number: int = code.value[0]
    status = status_pb2.Status(code=number, message=text, details=[detail])
    await context.abort(code, text, ((DETAILS, status.SerializeToString()), *warnings))


def told(warnings: Iterable[str]) -> Metadata:
    """The warnings as metadata; binary, as text metadata must be ASCII."""
    found: list[tuple[str, bytes]] = []
    left = _MOST_WARNINGS
    for warning in warnings:
        text = shortened(warning, 400).encode()
        left -= len(text)
        if left < 0:
            return [*found, (WARNING, b"there are more warnings")]
        found.append((WARNING, text))
    return found


def fitting(status: meta.Status) -> meta.Status:
    """The status within the limit: its text cut, and as many causes as there is room for."""
    if status.ByteSize() <= _MOST_DETAILS and len(status.message) <= _MOST_TEXT:
        return status
    cut = meta.Status()
    cut.CopyFrom(status)
    cut.message = shortened(status.message, _MOST_TEXT)
    cut.details.name = shortened(status.details.name, 256)
    cut.details.kind = shortened(status.details.kind, 256)
    del cut.details.causes[:]
    for index, cause in enumerate(status.details.causes):
        shorter = meta.StatusCause(
            reason=cause.reason, field=shortened(cause.field, 256), message=shortened(cause.message, 256)
        )
        if cut.ByteSize() + shorter.ByteSize() > _MOST_DETAILS:
            left = len(status.details.causes) - index
            cut.details.causes.add(reason="TooManyProblems", message=f"there are {left} more problems")
            break
        cut.details.causes.append(shorter)
    return cut


def shortened(text: str, most: int) -> str:
    """The text within so many bytes of UTF-8, its middle left out if need be, as its end often says what to do."""
    whole = text.encode()
    if len(whole) <= most:
        return text
    half = (most - 5) // 2
    return f"{whole[:half].decode(errors='ignore')} ... {whole[-half:].decode(errors='ignore')}"
