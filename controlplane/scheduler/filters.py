"""Which nodes can take a pod, and, for those that cannot, why, in Kubernetes' words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controlplane.api import taints
from controlplane.scheduler.affinity import wants_node
from controlplane.scheduler.view import PODS, Needs, NodeInfo
from protos.v1 import core_pb2 as core

# (pod, its needs, node, its info) -> why not; empty when the node passes
Filter = Callable[[core.Pod, Needs, core.Node, NodeInfo], Sequence[str]]

_CORDONED = core.Taint(key=taints.UNSCHEDULABLE, effect=taints.NO_SCHEDULE)
_HARD = (taints.NO_SCHEDULE, taints.NO_EXECUTE)


def cordon(pod: core.Pod, _needs: Needs, node: core.Node, _info: NodeInfo) -> Sequence[str]:
    if not node.spec.unschedulable or taints.matching(pod.spec.tolerations, _CORDONED):
        return ()
    return ("node(s) were unschedulable",)


def untolerated_taints(pod: core.Pod, _needs: Needs, node: core.Node, _info: NodeInfo) -> Sequence[str]:
    if not node.spec.taints:
        return ()
    taint = taints.first_untolerated(node.spec.taints, pod.spec.tolerations, _HARD)
    return () if taint is None else (f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}",)


def node_affinity(pod: core.Pod, _needs: Needs, node: core.Node, _info: NodeInfo) -> Sequence[str]:
    if not pod.spec.node_selector and not pod.spec.HasField("affinity"):
        return ()
    return () if wants_node(pod.spec, node) else ("node(s) didn't match Pod's node affinity/selector",)


def host_ports(_pod: core.Pod, needs: Needs, _node: core.Node, info: NodeInfo) -> Sequence[str]:
    if needs.ports and info.has_port_conflict(needs.ports):
        return ("node(s) didn't have free ports for the requested pod ports",)
    return ()


def resources(_pod: core.Pod, needs: Needs, _node: core.Node, info: NodeInfo) -> Sequence[str]:
    short = [
        resource
        for resource, wanted in needs.requests.items()
        if wanted and info.requested[resource] + wanted > info.allocatable.get(resource, 0)
    ]
    return ["Too many pods" if resource == PODS else f"Insufficient {resource}" for resource in short]


# In this order; the first that refuses a node says why.
FILTERS: tuple[Filter, ...] = (cordon, untolerated_taints, node_affinity, host_ports, resources)


def why_not(pod: core.Pod, needs: Needs, info: NodeInfo) -> Sequence[str]:
    """The reasons of the first filter that refuses the node; empty if all let it pass."""
    node = info.node
    assert node is not None
    for one in FILTERS:
        reasons = one(pod, needs, node, info)
        if reasons:
            return reasons
    return ()
