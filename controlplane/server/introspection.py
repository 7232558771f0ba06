"""What lets any gRPC client find its way: server reflection and the standard health service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from controlplane.api import errors
from controlplane.server.grpc_door import Authenticate
from controlplane.server.grpc_failures import Context, abort
from controlplane.store.store import Store

log = structlog.get_logger()

SERVICES = ("orlop.v1.Resources", "orlop.v1.Pods")
# The messages of both versions are the same on the wire; newer clients ask by the first name.
_REFLECTION = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_CHECK_SECONDS = 2.0


def reflection(authenticate: Authenticate) -> list[grpc.GenericRpcHandler]:
    """Shows the schema to whoever is known; `authenticate` raises Unauthorized for others."""
    servicer = ReflectionServicer(service_names=(*SERVICES, health.SERVICE_NAME, *_REFLECTION))

    async def tell(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        try:
            await authenticate(context)
        except errors.StatusError as error:
            await abort(context, error)
        answers: Any = servicer.ServerReflectionInfo(requests, context)
        async for answer in answers:
            yield answer

    handler = grpc.stream_stream_rpc_method_handler(
        tell,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}) for name in _REFLECTION]


class Health:
    """SERVING as long as etcd answers. Anybody may ask: it tells nothing else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._servicer = health.aio.HealthServicer()

    def add_to(self, server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def run(self) -> None:
        """Checks until cancelled."""
        while True:
            state = await self._state()
            for service in ("", *SERVICES):
                await self._servicer.set(service, state)
            await asyncio.sleep(_CHECK_SECONDS)

    async def _state(self) -> Any:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._store.check()
        except (errors.Unavailable, TimeoutError) as error:
            log.warning("not healthy: etcd does not answer", error=str(error))
            return health_pb2.HealthCheckResponse.NOT_SERVING
        return health_pb2.HealthCheckResponse.SERVING
