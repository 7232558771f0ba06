"""Where a pod goes: filter the nodes, score those that are left, take the best. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.scheduler.filters import why_not
from controlplane.scheduler.scores import totals
from controlplane.scheduler.view import ClusterView, Needs, NodeInfo
from protos.v1 import core_pb2 as core

# Scores closer than this are equal.
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class Placement:
    """The node, or why there is none: for each reason how many nodes of `nodes` gave it."""

    node: str
    nodes: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """`0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`"""
        if not self.nodes:
            return "no nodes available to schedule pods"
        told = ", ".join(sorted(f"{count} {reason}" for reason, count in self.reasons.items()))
        return f"0/{self.nodes} nodes are available: {told}."


def place(pod: core.Pod, needs: Needs, view: ClusterView, *, tie: int) -> Placement:
    """`tie` chooses among equally good nodes; hand in another number every time."""
    infos = view.nodes
    fitting: list[NodeInfo] = []
    reasons: Counter[str] = Counter()
    for info in infos:
        found = why_not(pod, needs, info)
        if found:
            reasons.update(found)
        else:
            fitting.append(info)
    if not fitting:
        return Placement("", len(infos), reasons)
    return Placement(_best(pod, needs, fitting, tie), len(infos))


def _best(pod: core.Pod, needs: Needs, fitting: list[NodeInfo], tie: int) -> str:
    scores = totals(pod, needs, fitting) if len(fitting) > 1 else [0.0]
    highest = max(scores)
    equal = [info for info, score in zip(fitting, scores, strict=True) if score > highest - _TIE]
    node = equal[tie % len(equal)].node
    assert node is not None
    return node.metadata.name
