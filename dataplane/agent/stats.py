"""What the node and its running containers use, for who asks the agent. Pods are as the API shows them, figures the
kernel's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from controlplane.api import errors
from controlplane.client.informer import Informer
from dataplane.agent.machine_usage import read_machine_usage
from dataplane.runtime.types import NodeUsage, Runtime, RuntimeFailure, Usage
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2


class NodeStats:
    """`shares_machine` is said of a node that is one of several on its machine: then it is what its containers use."""

    def __init__(self, node: str, runtime: Runtime, informer: Informer[core.Pod], *, shares_machine: bool) -> None:
        self._node, self._runtime, self._informer = node, runtime, informer
        self._shares_machine = shares_machine

    async def read(self, request: node_pb2.StatsRequest) -> node_pb2.StatsResponse:
        if request.node not in ("", self._node):
            raise errors.not_found("nodes", request.node)
        pods = list(self._informer)
        wanted = {pod.metadata.uid: [_bare(one) for one in running(pod)] for pod in pods}
        try:
            measured = await self._runtime.usage({uid: ids for uid, ids in wanted.items() if ids})
        except RuntimeFailure as failure:
            raise errors.Unavailable(str(failure)) from failure
        whole = measured.node if self._shares_machine else await asyncio.to_thread(read_machine_usage)
        return node_pb2.StatsResponse(node=message(whole), pods=pod_stats(pods, measured))


def running(pod: core.Pod) -> Mapping[str, str]:
    """The containers that run: id, as in the status -> name."""
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return {one.container_id: one.name for one in statuses if one.state.HasField("running")}


def pod_stats(pods: Iterable[core.Pod], measured: NodeUsage) -> Iterable[node_pb2.PodStats]:
    """Of each pod of which a container was measured."""
    for pod in pods:
        metadata = pod.metadata
        containers = [
            node_pb2.ContainerStats(name=name, id=one, usage=message(measured.containers[_bare(one)]))
            for one, name in running(pod).items()
            if _bare(one) in measured.containers
        ]
        if containers and metadata.uid in measured.pods:
            yield node_pb2.PodStats(
                namespace=metadata.namespace, name=metadata.name, uid=metadata.uid,
                usage=message(measured.pods[metadata.uid]), containers=containers)  # fmt: skip


def _bare(container_id: str) -> str:
    """`docker://4f2a` -> `4f2a`"""
    return container_id.rpartition("/")[2]


def message(usage: Usage) -> node_pb2.Usage:
    return node_pb2.Usage(
        time_nanos=usage.time_nanos, cpu_nanos=usage.cpu_nanos, working_set_bytes=usage.working_set_bytes
    )  # fmt: skip
