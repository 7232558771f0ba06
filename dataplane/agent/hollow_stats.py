"""What simulated nodes and pods use: nothing, but for figures that programs take for those of something alive.

Every node and every container has used a millisecond of CPU time once and none since. A container holds 1 MiB of memory, a
node 64 MiB and what its containers hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from dataplane.agent.stats import running
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2

_CPU_NANOS = 1_000_000
_CONTAINER_BYTES = 1 << 20
_NODE_BYTES = 64 << 20


def hollow_stats(pods: Iterable[core.Pod], now: float) -> node_pb2.StatsResponse:
    """The answer of a node with these pods."""
    now_nanos = int(now * 1_000_000_000)
    answers = [
        node_pb2.PodStats(
            namespace=pod.metadata.namespace, name=pod.metadata.name, uid=pod.metadata.uid,
            usage=_usage(now_nanos, _CONTAINER_BYTES * len(running(pod))),
            containers=[
                node_pb2.ContainerStats(name=name, id=one, usage=_usage(now_nanos, _CONTAINER_BYTES))
                for one, name in running(pod).items()
            ],
        )
        for pod in pods
        if running(pod)
    ]  # fmt: skip
    held = sum(pod.usage.working_set_bytes for pod in answers)
    return node_pb2.StatsResponse(node=_usage(now_nanos, _NODE_BYTES + held), pods=answers)


def _usage(now_nanos: int, working_set_bytes: int) -> node_pb2.Usage:
    return node_pb2.Usage(time_nanos=now_nanos, cpu_nanos=_CPU_NANOS, working_set_bytes=working_set_bytes)
