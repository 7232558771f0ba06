"""Eviction by taint: pods leave a node whose NoExecute taint they do not tolerate, or have tolerated for long enough."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.api import objects, registry, taints, times
from controlplane.controllers import pods
from controlplane.controllers.plan import Delete, Event, Plan, plan_of
from controlplane.controllers.view import NODE, View
from protos.v1 import core_pb2 as core

# Set on the API's image of a pod that its node runs on its own account; deleting it there ends nothing.
MIRROR = "kubernetes.io/config.mirror"


def plan_taint_eviction(node: core.Node, view: View, now: float) -> Plan:
    evicting = [taint for taint in node.spec.taints if taint.effect == taints.NO_EXECUTE]
    if not evicting:
        return plan_of()
    waits = [
        (pod, wait)
        for pod in view.select(registry.PODS, NODE, node.metadata.name)
        if _may_leave(pod) and (wait := seconds_left(pod, evicting, now)) is not None
    ]
    due = [_evict(pod) for pod, wait in waits if wait <= 0]
    return plan_of(*due, requeue_after=min((wait for _, wait in waits if wait > 0), default=None))


def _may_leave(pod: core.Pod) -> bool:
    return pods.is_active(pod) and MIRROR not in pod.metadata.annotations


def seconds_left(pod: core.Pod, evicting: Sequence[core.Taint], now: float) -> float | None:
    """How long the pod may stay; None for ever."""
    limits: list[float] = []
    for taint in evicting:
        tolerations = taints.matching(pod.spec.tolerations, taint)
        if not tolerations:
            return 0.0
        patience = [t.toleration_seconds for t in tolerations if t.HasField("toleration_seconds")]
        if patience:
            limits.append(times.to_seconds(taint.time_added) + max(0, min(patience)) - now)
    return max(0.0, min(limits)) if limits else None


def _evict(pod: core.Pod) -> Delete:
    return Delete(pod, event=Event(pod, "TaintManagerEviction", f"Marking for deletion Pod {objects.key_of(pod)}"))
