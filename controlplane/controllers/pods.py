"""Facts about a pod that several controllers ask for."""

from __future__ import annotations

from controlplane.api import objects, times
from protos.v1 import core_pb2 as core


def is_finished(pod: core.Pod) -> bool:
    """It ran to its end and will not run again."""
    return pod.status.phase in {"Succeeded", "Failed"}


def is_active(pod: core.Pod) -> bool:
    """It runs, or is going to."""
    return not is_finished(pod) and not objects.is_terminating(pod)


def is_ready(pod: core.Pod) -> bool:
    return objects.condition_is(pod.status.conditions, "Ready")


def ready_since(pod: core.Pod) -> float | None:
    """When it became ready; None while it is not."""
    condition = objects.find_condition(pod.status.conditions, "Ready")
    if condition is None or condition.status != "True":
        return None
    return times.to_seconds(condition.last_transition_time)


def seconds_to_available(pod: core.Pod, min_ready_seconds: int, now: float) -> float | None:
    """How long until it has been ready long enough: 0 when it has, None while it is not ready."""
    since = ready_since(pod)
    if since is None:
        return None
    return max(0.0, since + min_ready_seconds - now) if min_ready_seconds else 0.0


def restarts(pod: core.Pod) -> int:
    """Of the container that restarted most often."""
    return max((status.restart_count for status in pod.status.container_statuses), default=0)
