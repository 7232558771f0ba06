"""The agent's own gRPC server: its containers' output and what they use, for the API server and administrators only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from cryptography import x509
from cryptography.x509.oid import NameOID
from google.protobuf import any_pb2
from google.rpc import code_pb2, status_pb2
from grpc_status import rpc_status

from controlplane.api import errors
from controlplane.client.informer import Informer
from dataplane.agent.specs import pod_name
from dataplane.runtime.types import ContainerRecord, LogOptions, Runtime, RuntimeFailure, State
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2, node_pb2_grpc

_MASTERS = "system:masters"
_API_SERVER = "kube-apiserver"
_CODES: dict[type[errors.StatusError], int] = {
    errors.NotFound: code_pb2.NOT_FOUND,
    errors.BadRequest: code_pb2.INVALID_ARGUMENT,
    errors.Forbidden: code_pb2.PERMISSION_DENIED,
    errors.Unavailable: code_pb2.UNAVAILABLE,
}

Logs = Callable[[node_pb2.LogsRequest], AsyncIterator[bytes]]
Stats = Callable[[node_pb2.StatsRequest], Awaitable[node_pb2.StatsResponse]]


def may_ask(certificate: bytes) -> bool:
    """Whether the client is the API server or an administrator."""
    subject = x509.load_pem_x509_certificate(certificate).subject
    names = {attribute.value for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    groups = {attribute.value for attribute in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    return _API_SERVER in names or _MASTERS in groups


class PodsService(node_pb2_grpc.PodsServicer):
    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    async def Logs(self, request: node_pb2.LogsRequest, context: Any) -> AsyncIterator[node_pb2.LogsResponse]:  # noqa: N802
        try:
            _check(context)
            async for data in self._logs(request):
                yield node_pb2.LogsResponse(data=data)
        except errors.StatusError as error:
            await context.abort_with_status(rpc_status.to_status(_told(error)))


class NodeService(node_pb2_grpc.NodeServicer):
    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    async def Stats(self, request: node_pb2.StatsRequest, context: Any) -> node_pb2.StatsResponse:  # noqa: N802
        try:
            _check(context)
            return await self._stats(request)
        except errors.StatusError as error:
            await context.abort_with_status(rpc_status.to_status(_told(error)))
        raise AssertionError("abort does not return")


def _check(context: Any) -> None:
    if not any(may_ask(pem) for pem in context.auth_context().get("x509_pem_cert", ())):
        raise errors.Forbidden("only the API server and administrators may ask an agent")


def _told(error: errors.StatusError) -> status_pb2.Status:
    status = status_pb2.Status(code=_CODES.get(type(error), code_pb2.UNKNOWN), message=str(error))
    detail = any_pb2.Any()
    detail.Pack(error.status)
    status.details.append(detail)
    return status


def make_server(logs: Logs, stats: Stats) -> grpc.aio.Server:
    """Not yet listening."""
    server = grpc.aio.server()
    node_pb2_grpc.add_PodsServicer_to_server(PodsService(logs), server)
    node_pb2_grpc.add_NodeServicer_to_server(NodeService(stats), server)
    return server


def credentials(*, ca: bytes, certificate: bytes, key: bytes) -> grpc.ServerCredentials:
    """Only clients with a certificate of the cluster's get in."""
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=ca, require_client_auth=True)


class ContainerLogs:
    """The output of the node's containers, as asked for by pod and container."""

    def __init__(self, runtime: Runtime, informer: Informer[core.Pod], *, clock: Callable[[], float]) -> None:
        self._runtime, self._informer, self._clock = runtime, informer, clock

    async def read(self, request: node_pb2.LogsRequest) -> AsyncIterator[bytes]:
        pod = self._informer.get(request.name, request.namespace)
        if pod is None:
            raise errors.not_found("pods", request.name)
        name = _container_name(pod, request)
        run = await self._run(pod, name, previous=request.previous)
        since = self._clock() - request.since_seconds if request.HasField("since_seconds") else None
        options = LogOptions(
            follow=request.follow and run.state is State.RUNNING,
            tail_lines=request.tail_lines if request.HasField("tail_lines") else None,
            since=since,
            timestamps=request.timestamps,
        )
        try:
            async for data in self._runtime.logs(run.id, options):
                yield data
        except RuntimeFailure as failure:
            raise errors.Unavailable(str(failure)) from failure

    async def _run(self, pod: core.Pod, name: str, *, previous: bool) -> ContainerRecord:
        """The run that is meant: the newest, or the one before it. One that ended and waits to run again counts as both."""
        try:
            record = await self._runtime.observe(pod_name(pod))
        except RuntimeFailure as failure:
            raise errors.Unavailable(str(failure)) from failure
        runs = [run for run in record.containers if run.name == name and run.state is not State.CREATED]
        if previous and runs and (runs[0].state is State.RUNNING or len(runs) > 1):
            runs = runs[1:]
        elif previous and not _is_waiting(pod, name):
            runs = []
        if runs:
            return runs[0]
        where = f'container "{name}" in pod "{pod.metadata.name}"'
        if previous:
            raise errors.BadRequest(f"previous terminated {where} not found")
        raise errors.BadRequest(f"{where} is waiting to start: {_reason(pod, name)}")


def _container_name(pod: core.Pod, request: node_pb2.LogsRequest) -> str:
    if request.container:
        return request.container
    if len(pod.spec.containers) == 1:
        return pod.spec.containers[0].name
    names = " ".join(container.name for container in pod.spec.containers)
    raise errors.BadRequest(f"a container name must be specified for pod {request.name}, choose one of: [{names}]")


def _status_of(pod: core.Pod, name: str) -> core.ContainerStatus | None:
    every = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((one for one in every if one.name == name), None)


def _is_waiting(pod: core.Pod, name: str) -> bool:
    status = _status_of(pod, name)
    return status is not None and status.state.HasField("waiting")


def _reason(pod: core.Pod, name: str) -> str:
    status = _status_of(pod, name)
    return (status.state.waiting.reason if status is not None else "") or "ContainerCreating"
