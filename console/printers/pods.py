"""Pods in rows. The state word is kubectl's: it names what holds the pod up, not its phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from console.printers.ages import since
from console.printers.columns import Column, Table, or_none
from controlplane.api.objects import condition_is, is_terminating
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

# The reason that the node controller gives to the pods of a node it has lost.
NODE_LOST = "NodeLost"

COLUMNS = (
    Column("NAME"),
    Column("READY"),
    Column("STATUS"),
    Column("RESTARTS", priority=1),
    Column("AGE", priority=1),
    Column("IP", wide=True, priority=3),
    Column("NODE", wide=True, priority=2),
    Column("NOMINATED NODE", wide=True, priority=5),
    Column("READINESS GATES", wide=True, priority=5),
)


@dataclass(slots=True)
class Summary:
    """What the containers of a pod amount to."""

    reason: str
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: meta.Time = field(default_factory=meta.Time)


def summary(pod: core.Pod) -> Summary:
    """The state word, ready and total containers, and restarts."""
    sidecars = {c.name for c in pod.spec.init_containers if c.restart_policy == "Always"}
    told = Summary(_pod_reason(pod), total=len(pod.spec.containers) + len(sidecars))
    initializing = _initialization(pod, sidecars, told)
    if not initializing or condition_is(pod.status.conditions, "Initialized"):
        _count_restarts(told, (s for s in pod.status.init_container_statuses if s.name in sidecars))
        _containers(pod, told)
    if is_terminating(pod):
        if pod.status.reason == NODE_LOST:
            told.reason = "Unknown"
        elif pod.status.phase not in ("Succeeded", "Failed"):
            told.reason = "Terminating"
    return told


def status(pod: core.Pod) -> str:
    return summary(pod).reason


def cells(pod: core.Pod, now: float) -> tuple[str, ...]:
    told = summary(pod)
    restarts = str(told.restarts)
    if told.restarts and told.last_restart.seconds:
        restarts += f" ({since(told.last_restart, now)} ago)"
    return (
        pod.metadata.name,
        f"{told.ready}/{told.total}",
        told.reason,
        restarts,
        since(pod.metadata.creation_timestamp, now),
        or_none(pod.status.pod_ip),
        or_none(pod.spec.node_name),
        or_none(pod.status.nominated_node_name),
        _readiness_gates(pod),
    )


def _pod_reason(pod: core.Pod) -> str:
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.reason == "SchedulingGated":
            return condition.reason
    return pod.status.reason or pod.status.phase or "Unknown"


def _initialization(pod: core.Pod, sidecars: set[str], told: Summary) -> bool:
    """Notes the first init container that is not done. False when all are."""
    for index, container in enumerate(pod.status.init_container_statuses):
        _count_restarts(told, [container])
        if container.state.HasField("terminated") and container.state.terminated.exit_code == 0:
            continue
        if container.name in sidecars and container.started:
            told.ready += container.ready
            continue
        told.reason = f"Init:{_init_reason(container) or f'{index}/{len(pod.spec.init_containers)}'}"
        return True
    return False


def _init_reason(container: core.ContainerStatus) -> str:
    if container.state.HasField("terminated"):
        return _ended(container.state.terminated)
    waiting = container.state.waiting.reason
    return "" if waiting == "PodInitializing" else waiting


def _containers(pod: core.Pod, told: Summary) -> None:
    """Notes what the containers do; the first one in trouble gives the word."""
    running = False
    for container in reversed(pod.status.container_statuses):
        _count_restarts(told, [container])
        if container.state.waiting.reason:
            told.reason = container.state.waiting.reason
        elif container.state.HasField("terminated"):
            told.reason = _ended(container.state.terminated)
        elif container.ready and container.state.HasField("running"):
            running = True
            told.ready += 1
    if told.reason == "Completed" and running:
        told.reason = "Running" if condition_is(pod.status.conditions, "Ready") else "NotReady"


def _count_restarts(told: Summary, containers: Iterable[core.ContainerStatus]) -> None:
    for container in containers:
        told.restarts += container.restart_count
        ended = container.last_state.terminated.finished_at
        if ended.seconds > told.last_restart.seconds:
            told.last_restart = ended


def _ended(state: core.ContainerStateTerminated) -> str:
    if state.reason:
        return state.reason
    return f"Signal:{state.signal}" if state.signal else f"ExitCode:{state.exit_code}"


def _readiness_gates(pod: core.Pod) -> str:
    gates = [gate.condition_type for gate in pod.spec.readiness_gates]
    passed = sum(condition_is(pod.status.conditions, gate) for gate in gates)
    return or_none(f"{passed}/{len(gates)}" if gates else "")


TABLE = Table(COLUMNS, cells, status)
