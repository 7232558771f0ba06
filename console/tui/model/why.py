"""Answers "why?" for one object in one line: what it waits for, how it failed, or the last thing that happened to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from console.printers import events as event_printer
from console.printers.ages import age, since
from console.tui.model.sanitize import clean
from controlplane.api import labels, rollouts, times
from controlplane.api.objects import ApiObject, condition_is, controller_of, find_condition, is_terminating
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core

_BACK_OFF = re.compile(r"back-off (?:(\d+)m)?(?:(\d+)s)? restarting")
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 10, 300
_SEPARATOR = " · "


def why(obj: ApiObject, events: Sequence[core.Event], now: float) -> str:
    """`events` are those of the object, oldest first. Cleaned text."""
    return clean(_SEPARATOR.join(part for part in _parts(obj, events, now) if part))


def _parts(obj: ApiObject, events: Sequence[core.Event], now: float) -> list[str]:
    happened = last_event(events, now)
    match obj:
        case core.Event():
            return [obj.message.strip(), event_printer.source(obj), _repeated(obj, now)]
        case core.Pod():
            return [*_pod(obj, now), _set_by(obj)] if _is_held_up(obj) else [*_pod(obj, now), happened, _set_by(obj)]
        case apps.Deployment():
            return [*_deployment(obj), happened]
        case apps.ReplicaSet():
            return [_replica_set(obj), happened]
        case core.Node():
            return [*_node(obj, now), happened]
        case core.Service():
            return [_service(obj), happened]
        case core.ConfigMap() | core.Secret():
            return ["keys: " + ", ".join(sorted(obj.data)) if obj.data else "empty", happened]
        case coordination.Lease():
            return [f"renewed {since(obj.spec.renew_time, now)} ago"]
    return [_ending(obj, now), happened]


def subject(obj: ApiObject) -> str:
    """Whom the answer is about. Cleaned text."""
    return clean(event_printer.target(obj) if isinstance(obj, core.Event) else obj.metadata.name)


def last_event(events: Sequence[core.Event], now: float) -> str:
    """`Started: Started container web, 2m ago`"""
    if not events:
        return ""
    event = events[-1]
    return f"{event.reason}: {event.message.strip()}, {age(now - event_printer.last_seen(event))} ago"


def _repeated(event: core.Event, now: float) -> str:
    count = event_printer.count(event)
    return f"{count} times over {event_printer.first_seen(event, now)}" if count > 1 else ""


def _is_held_up(pod: core.Pod) -> bool:
    """Whether the pod itself says what is wrong; otherwise its last event does."""
    return is_terminating(pod) or any(
        status.state.waiting.reason not in ("", "ContainerCreating", "PodInitializing")
        or status.state.HasField("terminated")
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )


def _pod(pod: core.Pod, now: float) -> list[str]:
    if is_terminating(pod):
        return [_ending(pod, now)]
    scheduled = find_condition(pod.status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return [f"not scheduled: {scheduled.message or scheduled.reason}"]
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if told := _container(status, now):
            return told
    if pod.status.phase == "Succeeded":
        return ["done" + _ended_when(pod, now)]
    if pod.status.phase == "Failed" or pod.status.message:
        return [pod.status.message or pod.status.reason]
    if pod.status.phase == "Running" and not condition_is(pod.status.conditions, "Ready"):
        return ["runs, but is not ready"]
    return []


def _ended_when(pod: core.Pod, now: float) -> str:
    last = max((status.state.terminated.finished_at.seconds for status in pod.status.container_statuses), default=0)
    return f", ended {age(now - last)} ago" if last else ""


def _container(status: core.ContainerStatus, now: float) -> list[str]:
    waiting, ended = status.state.waiting, status.state.terminated
    if waiting.reason == "CrashLoopBackOff":
        last = status.last_state.terminated
        return [_exit(status.name, last, now), _next_try(status, now), _last_words(last)]
    if waiting.reason and waiting.reason not in ("ContainerCreating", "PodInitializing"):
        return [f"{status.name}: {waiting.message or waiting.reason}"]
    if status.state.HasField("terminated") and (ended.exit_code or ended.signal):
        return [_exit(status.name, ended, now), _last_words(ended)]
    return []


def _exit(name: str, state: core.ContainerStateTerminated, now: float) -> str:
    """`web exited 137 (OOMKilled) 12s ago`"""
    how = f"killed by signal {state.signal}" if state.signal else f"exited {state.exit_code}"
    if state.reason not in ("", "Error", "Completed"):
        how += f" ({state.reason})"
    when = f" {since(state.finished_at, now)} ago" if state.finished_at.seconds else ""
    return f"{name} {how}{when}"


def _last_words(state: core.ContainerStateTerminated) -> str:
    message = state.message.strip().rpartition("\n")[2].strip()
    return f'"{message}"' if message else ""


def _next_try(status: core.ContainerStatus, now: float) -> str:
    """From the back-off that the message names, or the usual one for so many restarts."""
    finished = status.last_state.terminated.finished_at
    if not finished.seconds:
        return ""
    named = _BACK_OFF.search(status.state.waiting.message)
    if named and (named[1] or named[2]):
        pause = int(named[1] or 0) * 60 + int(named[2] or 0)
    else:
        pause = min(_FIRST_BACK_OFF << min(max(status.restart_count - 1, 0), 5), _LONGEST_BACK_OFF)
    left = times.to_seconds(finished) + pause - now
    return f"next try in {age(left)}" if left >= 1 else "next try any moment"


def _ending(obj: ApiObject, now: float) -> str:
    if not is_terminating(obj):
        return ""
    if obj.metadata.finalizers:
        return f"being deleted; waits for {', '.join(obj.metadata.finalizers)}"
    left = obj.metadata.deletion_timestamp.seconds - now
    return f"being deleted; {age(left)} of its grace time left" if left >= 1 else "being deleted; its grace time is over"


def _set_by(obj: ApiObject) -> str:
    owner = controller_of(obj)
    return f"of {owner.kind.lower()} {owner.name}" if owner is not None else ""


def _deployment(deployment: apps.Deployment) -> list[str]:
    conditions = deployment.status.conditions
    failure = find_condition(conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return [failure.message]
    try:
        told, done = rollouts.status_message(deployment)
    except rollouts.RolloutError as error:
        return [str(error)]
    if deployment.spec.paused:
        return ["rollout paused; r opens it, r there resumes"]
    if not done:
        return [told.removesuffix("...")]
    number = rollouts.revision(deployment)
    images = ", ".join(container.image for container in deployment.spec.template.spec.containers)
    return [f"revision {number} rolled out" if number else "rolled out", images]


def _replica_set(replica_set: apps.ReplicaSet) -> str:
    failure = find_condition(replica_set.status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return failure.message
    number = rollouts.revision(replica_set)
    owner = controller_of(replica_set)
    return f"revision {number} of {owner.kind.lower()} {owner.name}" if number and owner is not None else ""


def _node(node: core.Node, now: float) -> list[str]:
    told = ["takes no new pods (cordoned)"] if node.spec.unschedulable else []
    ready = find_condition(node.status.conditions, "Ready")
    if ready is None:
        return [*told, "has never reported"]
    if ready.status != "True":
        return [*told, f"{ready.reason}: {ready.message}"]
    pressed = [c.type for c in node.status.conditions if c.type.endswith("Pressure") and c.status == "True"]
    since_when = f"ready for {since(ready.last_transition_time, now)}" if ready.last_transition_time.seconds else ""
    return [*told, *pressed, since_when, f"pods in {node.spec.pod_cidr}" if node.spec.pod_cidr else ""]


def _service(service: core.Service) -> str:
    ports = ", ".join(f"{port.port} → {_target_port(port)}" for port in service.spec.ports)
    told = [ports] if ports else []
    if service.spec.selector:
        told.append(f"selects {labels.from_map(service.spec.selector)}")
    elif service.spec.type != "ExternalName":
        told.append("selects nothing by itself")
    return _SEPARATOR.join(told)


def _target_port(port: core.ServicePort) -> str:
    target = port.target_port
    return target.str_val if target.type else str(target.int_val or port.port)
