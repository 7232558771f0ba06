"""Streams that begin in a container: checked here, then passed on to the agent of the pod's node as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import grpc.aio

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.client.failures import to_status_error
from controlplane.server import requests
from controlplane.server.agents import Agents, address_of
from controlplane.server.authz import Authorizer
from controlplane.server.grpc_door import Authenticate, streaming
from controlplane.server.users import Caller
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2

_LOGS = "/orlop.v1.Pods/Logs"


class PodsDoor:
    """The service `orlop.v1.Pods`."""

    def __init__(self, store: Store, authorizer: Authorizer, agents: Agents, authenticate: Authenticate) -> None:
        self._store, self._authorizer, self._agents = store, authorizer, agents
        self._authenticate = authenticate

    def handler(self) -> grpc.GenericRpcHandler:
        handlers = {"Logs": streaming(self._logs, node_pb2.LogsRequest, self._authenticate)}
        return grpc.method_handlers_generic_handler("orlop.v1.Pods", handlers)

    async def _logs(self, caller: Caller, request: node_pb2.LogsRequest) -> AsyncIterator[bytes]:
        key = requests.key_for(registry.PODS, request.namespace, request.name)
        self._authorizer.check(caller, "get", registry.PODS, key, "log")
        pod = await self._pod(key)
        request.container = _container(pod, request.container)
        node = await self._node(pod)
        channel = self._agents.channel(node)
        call: Any = channel.unary_stream(_LOGS, request_serializer=node_pb2.LogsRequest.SerializeToString)(request)
        try:
            async for piece in call:
                yield piece
        except grpc.aio.AioRpcError as error:
            raise _told(error, pod, address_of(node)) from error
        finally:
            call.cancel()

    async def _pod(self, key: Key) -> core.Pod:
        record = await self._store.get(registry.PODS, key)
        if record is None:
            raise errors.not_found("pods", key.name)
        return cast("core.Pod", record.message())

    async def _node(self, pod: core.Pod) -> core.Node:
        name = pod.spec.node_name
        if not name:
            raise errors.BadRequest(f'pods "{pod.metadata.name}" is not on a node yet; look at its events')
        record = await self._store.get(registry.NODES, Key("", name))
        if record is None:
            raise errors.not_found("nodes", name)
        return cast("core.Node", record.message())


def _container(pod: core.Pod, wanted: str) -> str:
    every = [c.name for c in (*pod.spec.init_containers, *pod.spec.containers)]
    main = [c.name for c in pod.spec.containers]
    if not wanted and len(main) == 1:
        return main[0]
    if wanted in every:
        return wanted
    if wanted:
        text = f"container {wanted} is not valid for pod {pod.metadata.name}; there are {', '.join(every)}"
    else:
        text = f"a container name must be specified for pod {pod.metadata.name}, choose one of: [{' '.join(every)}]"
    raise errors.BadRequest(text, kind="pods", name=pod.metadata.name)


def _told(error: grpc.aio.AioRpcError, pod: core.Pod, address: str) -> errors.StatusError:
    told = to_status_error(error, address)
    if isinstance(told, errors.Unavailable):
        return errors.Unavailable(
            f'pods "{pod.metadata.name}": the agent of node "{pod.spec.node_name}" at {address} does not answer '
            f"({error.details()}); is it running?"
        )
    return told
