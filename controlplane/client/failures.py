"""gRPC's errors back into those of `controlplane.api.errors`."""

from __future__ import annotations

import grpc
import grpc.aio
from google.rpc import status_pb2

from controlplane.api import errors
from protos.v1 import meta_pb2 as meta

DETAILS = "grpc-status-details-bin"

_BY_CODE: dict[grpc.StatusCode, type[errors.StatusError]] = {
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.Unavailable,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.TooLarge,
    grpc.StatusCode.UNAUTHENTICATED: errors.Unauthorized,
}


def to_status_error(error: grpc.aio.AioRpcError, address: str) -> errors.StatusError:
    """What the server said, or, where it said nothing, why it could not be asked."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                status = meta.Status()
                if detail.Unpack(status):
                    return errors.from_status(status)
    cls = _BY_CODE.get(error.code(), errors.StatusError)
    if cls is errors.Unavailable:
        return cls(f"the API server at {address} does not answer ({error.details()}); is it running?")
    return cls(error.details() or str(error.code()))
