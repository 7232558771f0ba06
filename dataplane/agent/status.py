"""A pod's status as its node reports it, from what is observed. Pure.

Words and rules are the kubelet's (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/). Conditions that others
wrote, and times of what did not change, are kept from the pod's present status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controlplane.api import times
from controlplane.api.objects import condition_is, set_condition
from dataplane.agent import phases
from dataplane.agent.observed import Observed, Waiting
from dataplane.agent.qos import qos_class
from dataplane.agent.restarts import is_sidecar
from dataplane.runtime.types import ContainerRecord, State
from protos.v1 import core_pb2 as core

_RUNTIME = "docker"


@dataclass(frozen=True, slots=True)
class Host:
    """The node, as pods' statuses tell of it."""

    ip: str


def pod_status(
    pod: core.Pod, observed: Observed, waiting: Mapping[str, Waiting], *, host: Host, now: float
) -> core.PodStatus:
    """A new status; `waiting` is what the plan says about the containers that do not run."""
    status = core.PodStatus(
        phase=phases.phase(pod, observed),
        conditions=pod.status.conditions,
        message=pod.status.message,
        reason=pod.status.reason,
        qos_class=pod.status.qos_class or qos_class(pod),
        nominated_node_name=pod.status.nominated_node_name,
        host_ip=host.ip,
        host_ips=[core.HostIP(ip=host.ip)],
        observed_generation=pod.metadata.generation,
    )
    status.start_time.CopyFrom(pod.status.start_time if pod.status.HasField("start_time") else times.to_time(now))
    address = observed.address or pod.status.pod_ip
    if address:
        status.pod_ip = address
        status.pod_ips.add(ip=address)
    status.init_container_statuses.extend(
        _container(container, observed, waiting, is_init=True) for container in pod.spec.init_containers)  # fmt: skip
    main = sorted(pod.spec.containers, key=lambda container: container.name)
    status.container_statuses.extend(_container(container, observed, waiting, is_init=False) for container in main)
    _set_conditions(pod, status, observed, now)
    return status


def _container(
    container: core.Container, observed: Observed, waiting: Mapping[str, Waiting], *, is_init: bool
) -> core.ContainerStatus:
    runs = [run for run in observed.record.containers if run.name == container.name and run.state is not State.CREATED]
    status = core.ContainerStatus(name=container.name, image=container.image, started=False)
    wait = waiting.get(container.name)
    if not runs:
        _wait(status.state, wait or Waiting("ContainerCreating"))
        return status
    run = runs[0]
    status.restart_count = run.attempt
    status.image, status.image_id, status.container_id = run.image, run.image_id, f"{_RUNTIME}://{run.id}"
    if run.state is State.RUNNING:
        status.state.running.started_at.CopyFrom(times.to_time(run.started_at))
        status.started = observed.is_started(run)
        status.ready = observed.is_ready(run) and (not is_init or is_sidecar(container))
    elif wait is not None:
        _wait(status.state, wait)
        _terminate(status.last_state, run)
        return status
    else:
        _terminate(status.state, run)
        status.ready = is_init and run.exit_code == 0
    if len(runs) > 1:
        _terminate(status.last_state, runs[1])
    return status


def _wait(state: core.ContainerState, waiting: Waiting) -> None:
    state.waiting.reason, state.waiting.message = waiting.reason, waiting.message


def _terminate(state: core.ContainerState, run: ContainerRecord) -> None:
    ended = state.terminated
    ended.exit_code, ended.reason, ended.message = run.exit_code, run.reason, run.message
    ended.container_id = f"{_RUNTIME}://{run.id}"
    ended.started_at.CopyFrom(times.to_time(run.started_at))
    ended.finished_at.CopyFrom(times.to_time(run.finished_at))


@dataclass(frozen=True, slots=True)
class _Told:
    """A condition that does not hold, and why; an empty reason stands for one that does."""

    reason: str = ""
    message: str = ""


def _set_conditions(pod: core.Pod, status: core.PodStatus, observed: Observed, now: float) -> None:
    containers = _containers_ready(status)
    told = {
        "PodScheduled": _Told(),
        "Initialized": _initialized(pod, status, observed),
        "ContainersReady": containers,
        "Ready": _ready(pod, containers),
    }
    for name, why in told.items():
        holds = not why.reason or (name == "Initialized" and why.reason == "PodCompleted")
        condition = core.PodCondition(
            type=name, status="True" if holds else "False", reason=why.reason, message=why.message)  # fmt: skip
        condition.last_transition_time.CopyFrom(times.to_time(now))
        set_condition(status.conditions, condition)


def _initialized(pod: core.Pod, status: core.PodStatus, observed: Observed) -> _Told:
    if status.phase == "Succeeded":
        return _Told("PodCompleted")
    if phases.initialized(pod, observed):
        return _Told()
    incomplete = [init.name for init in pod.spec.init_containers if not phases.init_is_done(init, observed)]
    return _Told("ContainersNotInitialized", f"containers with incomplete status: [{' '.join(incomplete)}]")


def _containers_ready(status: core.PodStatus) -> _Told:
    if status.phase in phases.TERMINAL:
        return _Told("PodCompleted" if status.phase == "Succeeded" else "PodFailed")
    unready = [one.name for one in status.container_statuses if not one.ready]
    if unready:
        return _Told("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    return _Told()


def _ready(pod: core.Pod, containers: _Told) -> _Told:
    """The containers' readiness and that of the pod's own gates, which others set."""
    if containers.reason:
        return containers
    closed = [
        gate.condition_type
        for gate in pod.spec.readiness_gates
        if not condition_is(pod.status.conditions, gate.condition_type)
    ]
    if closed:
        told = "; ".join(f'corresponding condition of pod readiness gate "{name}" does not exist or hold' for name in closed)
        return _Told("ReadinessGatesNotReady", told)
    return _Told()
