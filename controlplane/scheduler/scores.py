"""Which of the nodes that can take a pod is best. Each score gives every node 0 to 100; weights say how much it counts.

Pods of one owner are spread first of all: three replicas on two nodes end up two and one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from controlplane.api import taints
from controlplane.scheduler.affinity import preference
from controlplane.scheduler.view import CPU, MEMORY, Needs, NodeInfo
from protos.v1 import core_pb2 as core

BEST = 100.0

# (pod, its needs, nodes) -> a score for each node
Score = Callable[[core.Pod, Needs, Sequence[NodeInfo]], Sequence[float]]


def _fraction(needs: Needs, info: NodeInfo, resource: str) -> float:
    """How much of a node's resource would be in use with the pod on it, at most 1."""
    have = info.allocatable.get(resource, 0)
    return min(1.0, (info.weighed[resource] + needs.weighed.get(resource, 0)) / have) if have else 1.0


def least_allocated(_pod: core.Pod, needs: Needs, infos: Sequence[NodeInfo]) -> Sequence[float]:
    """The more is left, the better."""
    return [BEST * (1 - (_fraction(needs, info, CPU) + _fraction(needs, info, MEMORY)) / 2) for info in infos]


def balanced_allocation(_pod: core.Pod, needs: Needs, infos: Sequence[NodeInfo]) -> Sequence[float]:
    """The more evenly CPU and memory are used, the better."""
    return [BEST * (1 - abs(_fraction(needs, info, CPU) - _fraction(needs, info, MEMORY)) / 2) for info in infos]


def soft_taints(pod: core.Pod, _needs: Needs, infos: Sequence[NodeInfo]) -> Sequence[float]:
    """The fewer taints that would rather not have the pod, the better."""
    return _fewest_is_best([_unwelcoming(pod, info) for info in infos])


def _unwelcoming(pod: core.Pod, info: NodeInfo) -> int:
    found = info.node.spec.taints if info.node is not None else ()
    soft = [taint for taint in found if taint.effect == taints.PREFER_NO_SCHEDULE]
    return sum(not taints.matching(pod.spec.tolerations, taint) for taint in soft)


def preferred_affinity(pod: core.Pod, _needs: Needs, infos: Sequence[NodeInfo]) -> Sequence[float]:
    """The more of the pod's wishes a node meets, the better."""
    if not pod.spec.affinity.node_affinity.preferred_during_scheduling_ignored_during_execution:
        return [0.0] * len(infos)
    weights = [preference(pod.spec, info.node) if info.node is not None else 0 for info in infos]
    most = max(weights)
    return [BEST * weight / most if most > 0 else 0.0 for weight in weights]


def owner_spread(_pod: core.Pod, needs: Needs, infos: Sequence[NodeInfo]) -> Sequence[float]:
    """The fewer pods of the same owner a node has, the better."""
    if not needs.owner:
        return [0.0] * len(infos)
    return _fewest_is_best([info.owners[needs.owner] for info in infos])


def _fewest_is_best(counts: Sequence[int]) -> Sequence[float]:
    most = max(counts)
    return [BEST * (most - count) / most if most else BEST for count in counts]


SCORES: tuple[tuple[Score, float], ...] = (
    (least_allocated, 1.0),
    (balanced_allocation, 1.0),
    (soft_taints, 3.0),
    (preferred_affinity, 2.0),
    (owner_spread, 3.0),
)


def totals(pod: core.Pod, needs: Needs, infos: Sequence[NodeInfo]) -> list[float]:
    """The weighted sum for each node."""
    columns = [[weight * value for value in score(pod, needs, infos)] for score, weight in SCORES]
    return [math.fsum(row) for row in zip(*columns, strict=True)]
