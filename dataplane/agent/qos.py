"""Quality of service (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/) and its cost under pressure. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.api import quantity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_COUNTED = ("cpu", "memory")
_GUARANTEED_SCORE, _BEST_EFFORT_SCORE, _LEAST_BURSTABLE_SCORE = -997, 1000, 2


def qos_class(pod: core.Pod) -> str:
    """Guaranteed, Burstable or BestEffort."""
    containers = [*pod.spec.init_containers, *pod.spec.containers]
    if not any(_amounts(c.resources.requests) or _amounts(c.resources.limits) for c in containers):
        return "BestEffort"
    return "Guaranteed" if all(_is_guaranteed(c.resources) for c in containers) else "Burstable"


def oom_score_adjust(pod: core.Pod, container: core.Container, *, memory_capacity: int) -> int:
    """Who asked for less memory goes first: 1000 for none, down to 2 for all of the node's."""
    quality = qos_class(pod)
    if quality == "Guaranteed":
        return _GUARANTEED_SCORE
    if quality == "BestEffort":
        return _BEST_EFFORT_SCORE
    requested = _amounts(container.resources.requests).get("memory", 0)
    score = 1000 - 1000 * requested // max(1, memory_capacity)
    return max(_LEAST_BURSTABLE_SCORE, min(score, _BEST_EFFORT_SCORE - 1))


def _is_guaranteed(resources: core.ResourceRequirements) -> bool:
    limits = _amounts(resources.limits)
    return len(limits) == len(_COUNTED) and {**limits, **_amounts(resources.requests)} == limits


def _amounts(resources: Mapping[str, meta.Quantity]) -> dict[str, int]:
    """The CPU, in millis, and memory that are not zero."""
    found = {name: quantity.millis(resources[name]) for name in _COUNTED if name in resources}
    return {name: amount // (1 if name == "cpu" else 1000) for name, amount in found.items() if amount}
