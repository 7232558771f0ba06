"""Node life cycle: a node that stops reporting is not ready, its taints say why, its pods no longer serve.

Nodes report by renewing their lease. How long one has been silent is handed in, measured by whoever watches.
"""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.api import objects, registry, taints, times
from controlplane.controllers import pods
from controlplane.controllers.plan import Event, Plan, Update, plan_of, status_update
from controlplane.controllers.view import NODE, View
from protos.v1 import core_pb2 as core

_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")

_PRESSURES = {
    "MemoryPressure": taints.MEMORY_PRESSURE,
    "DiskPressure": taints.DISK_PRESSURE,
    "PIDPressure": taints.PID_PRESSURE,
    "NetworkUnavailable": taints.NETWORK_UNAVAILABLE,
}

# The taints that this controller alone puts on and takes off.
_OURS = frozenset({taints.NOT_READY, taints.UNREACHABLE, taints.UNSCHEDULABLE, *_PRESSURES.values()})


def plan_node(node: core.Node, view: View, now: float, *, silent_seconds: float, grace_seconds: float) -> Plan:
    """`silent_seconds` is how long the node has not been heard of."""
    if silent_seconds >= grace_seconds and _readiness(node) != "Unknown":
        event = Event(node, "NodeNotReady", f"Node {node.metadata.name} status is now: NodeNotReady")
        return plan_of(status_update(_silenced(node, now), event))
    tainted = _tainted(node, now)
    lost = [] if _readiness(node) == "True" else [_unready(pod, now) for pod in _serving(node, view)]
    wait = max(0.0, grace_seconds - silent_seconds) if silent_seconds < grace_seconds else None
    return plan_of(*lost, tainted, requeue_after=wait)


def _readiness(node: core.Node) -> str:
    """The status of its Ready condition; False for a node that never reported one."""
    ready = objects.find_condition(node.status.conditions, "Ready")
    return "False" if ready is None else ready.status


def _silenced(node: core.Node, now: float) -> core.Node:
    fresh = objects.copy_of(node)
    for name in _CONDITIONS:
        old = objects.find_condition(node.status.conditions, name)
        condition = core.NodeCondition(type=name, status="Unknown")
        condition.last_transition_time.CopyFrom(times.to_time(now))
        if old is None:
            condition.reason, condition.message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
        else:
            condition.reason, condition.message = "NodeStatusUnknown", "Kubelet stopped posting node status."
            condition.last_heartbeat_time.CopyFrom(old.last_heartbeat_time)
        objects.set_condition(fresh.status.conditions, condition)
    return fresh


def _tainted(node: core.Node, now: float) -> Update | None:
    """The node with the taints that its conditions and its cordon ask for, if it does not have them yet."""
    wanted = dict.fromkeys(_wanted(node))
    kept = [
        taint for taint in node.spec.taints
        if taint.key not in _OURS or (taint.key, taint.effect) in wanted
    ]  # fmt: skip
    have = {(taint.key, taint.effect) for taint in kept}
    missing = [
        core.Taint(key=key, effect=effect, time_added=times.to_time(now))
        for key, effect in wanted
        if (key, effect) not in have
    ]
    if not missing and len(kept) == len(node.spec.taints):
        return None
    fresh = objects.copy_of(node)
    del fresh.spec.taints[:]
    fresh.spec.taints.extend([*kept, *missing])
    return Update(fresh)


def _wanted(node: core.Node) -> Iterator[tuple[str, str]]:
    readiness = _readiness(node)
    if readiness != "True":
        key = taints.UNREACHABLE if readiness == "Unknown" else taints.NOT_READY
        yield key, taints.NO_SCHEDULE
        yield key, taints.NO_EXECUTE
    if node.spec.unschedulable:
        yield taints.UNSCHEDULABLE, taints.NO_SCHEDULE
    for condition in node.status.conditions:
        if condition.type in _PRESSURES and condition.status == "True":
            yield _PRESSURES[condition.type], taints.NO_SCHEDULE


def _serving(node: core.Node, view: View) -> list[core.Pod]:
    return [pod for pod in view.select(registry.PODS, NODE, node.metadata.name) if pods.is_ready(pod)]


def _unready(pod: core.Pod, now: float) -> Update:
    """Its agent cannot say so, and services must stop sending to it."""
    fresh = objects.copy_of(pod)
    condition = core.PodCondition(type="Ready", status="False", last_transition_time=times.to_time(now))
    objects.set_condition(fresh.status.conditions, condition)
    return status_update(fresh, Event(pod, "NodeNotReady", "Node is not ready", "Warning"))
