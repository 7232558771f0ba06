"""Taints keep pods off a node, tolerations let them on. The rules of both, for scheduling and for eviction. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from protos.v1 import core_pb2 as core

NO_SCHEDULE = "NoSchedule"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
NO_EXECUTE = "NoExecute"

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
MEMORY_PRESSURE = "node.kubernetes.io/memory-pressure"
DISK_PRESSURE = "node.kubernetes.io/disk-pressure"
PID_PRESSURE = "node.kubernetes.io/pid-pressure"
NETWORK_UNAVAILABLE = "node.kubernetes.io/network-unavailable"


def tolerates(toleration: core.Toleration, taint: core.Taint) -> bool:
    """An empty effect means every effect; an empty key with `Exists` every taint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value


def matching(tolerations: Iterable[core.Toleration], taint: core.Taint) -> list[core.Toleration]:
    return [toleration for toleration in tolerations if tolerates(toleration, taint)]


def first_untolerated(
    taints: Iterable[core.Taint], tolerations: Iterable[core.Toleration], effects: Iterable[str]
) -> core.Taint | None:
    wanted, allowed = frozenset(effects), tuple(tolerations)
    return next((t for t in taints if t.effect in wanted and not any(tolerates(a, t) for a in allowed)), None)
