"""A Deployment's status: its counts, and whether it is Available and Progressing, with Kubernetes' reasons and words."""

from __future__ import annotations

from collections.abc import MutableSequence

from controlplane.api import objects, times
from controlplane.api.rollouts import REVISION_HISTORY, TIMED_OUT, desired_replicas
from controlplane.controllers.rollout import Rollout
from protos.v1 import apps_pb2 as apps

CREATED = "NewReplicaSetCreated"
FOUND = "FoundNewReplicaSet"
UPDATED = "ReplicaSetUpdated"
AVAILABLE = "NewReplicaSetAvailable"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"

# What kubectl and Kubernetes take for "no deadline".
_NEVER = 2**31 - 1


def next_status(rollout: Rollout, now: float, *, collided: bool = False) -> apps.DeploymentStatus:
    """`collided`: the name of the new ReplicaSet is taken, so that another hash is needed."""
    status = _counted(rollout)
    if collided:
        status.collision_count += 1
    _set(status.conditions, _availability(rollout, status), now)
    progress = _progress(rollout, status, now)
    if progress is not None:
        _set(status.conditions, progress, now)
    elif _deadline(rollout.deployment) is None:
        kept = [condition for condition in status.conditions if condition.type != "Progressing"]
        del status.conditions[:]
        status.conditions.extend(kept)
    return status


def _counted(rollout: Rollout) -> apps.DeploymentStatus:
    status = apps.DeploymentStatus()
    status.CopyFrom(rollout.deployment.status)
    status.observed_generation = rollout.deployment.metadata.generation
    status.replicas = sum(rs.status.replicas for rs in rollout.all)
    status.updated_replicas = rollout.new.status.replicas if rollout.new is not None else 0
    status.ready_replicas = sum(rs.status.ready_replicas for rs in rollout.all)
    status.available_replicas = sum(rs.status.available_replicas for rs in rollout.all)
    status.unavailable_replicas = max(0, sum(map(desired_replicas, rollout.all)) - status.available_replicas)
    return status


def is_complete(rollout: Rollout) -> bool:
    return _is_complete(rollout, _counted(rollout))


def _is_complete(rollout: Rollout, status: apps.DeploymentStatus) -> bool:
    return status.updated_replicas == status.replicas == status.available_replicas == rollout.replicas


def _availability(rollout: Rollout, status: apps.DeploymentStatus) -> apps.DeploymentCondition:
    if status.available_replicas >= rollout.min_available:
        return _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    message = "Deployment does not have minimum availability."
    return _condition("Available", "False", "MinimumReplicasUnavailable", message)


def _condition(condition_type: str, status: str, reason: str, message: str) -> apps.DeploymentCondition:
    return apps.DeploymentCondition(type=condition_type, status=status, reason=reason, message=message)


def _set(conditions: MutableSequence[apps.DeploymentCondition], new: apps.DeploymentCondition, now: float) -> None:
    """Puts the condition in unless it says what the old one said; one that repeats itself as progress counts as new."""
    old = objects.find_condition(conditions, new.type)
    if old is not None and new.reason != UPDATED and (old.status, old.reason, old.message) == _said(new):
        return
    new.last_update_time.CopyFrom(times.to_time(now))
    new.last_transition_time.CopyFrom(times.to_time(now))
    objects.set_condition(conditions, new)


def _said(condition: apps.DeploymentCondition) -> tuple[str, str, str]:
    return condition.status, condition.reason, condition.message


def _progress(rollout: Rollout, status: apps.DeploymentStatus, now: float) -> apps.DeploymentCondition | None:
    """The new Progressing condition; None to leave it as it is."""
    deadline = _deadline(rollout.deployment)
    old = objects.find_condition(rollout.deployment.status.conditions, "Progressing")
    if deadline is None:
        return None
    if rollout.deployment.spec.paused:
        if old is not None and old.reason == TIMED_OUT:
            return None
        return _condition("Progressing", "Unknown", PAUSED, "Deployment is paused")
    if rollout.new is None:
        was_paused = old is not None and old.reason == PAUSED
        return _condition("Progressing", "Unknown", RESUMED, "Deployment is resumed") if was_paused else None
    return _progress_of(rollout.new, rollout, old, status=status, now=now, deadline=deadline)


def _progress_of(
    new: apps.ReplicaSet,
    rollout: Rollout,
    old: apps.DeploymentCondition | None,
    *,
    status: apps.DeploymentStatus,
    now: float,
    deadline: int,
) -> apps.DeploymentCondition | None:
    name = new.metadata.name
    if _is_complete(rollout, status):
        return _condition("Progressing", "True", AVAILABLE, f'ReplicaSet "{name}" has successfully progressed.')
    if old is None or f'"{name}"' not in old.message:
        return _started(new)
    if old.reason == AVAILABLE and status.replicas == status.updated_replicas:
        return None  # it is being scaled, or lost pods; that is no rollout
    if _has_moved(rollout.deployment.status, status):
        return _condition("Progressing", "True", UPDATED, f'ReplicaSet "{name}" is progressing.')
    if old.reason != AVAILABLE and now > times.to_seconds(old.last_update_time) + deadline:
        return _condition("Progressing", "False", TIMED_OUT, f'ReplicaSet "{name}" has timed out progressing.')
    return None


def _started(new: apps.ReplicaSet) -> apps.DeploymentCondition:
    name = new.metadata.name
    if REVISION_HISTORY in new.metadata.annotations:
        return _condition("Progressing", "True", FOUND, f'Found new replica set "{name}"')
    return _condition("Progressing", "True", CREATED, f'Created new replica set "{name}"')


def _has_moved(before: apps.DeploymentStatus, after: apps.DeploymentStatus) -> bool:
    return (
        after.updated_replicas > before.updated_replicas
        or after.replicas - after.updated_replicas < before.replicas - before.updated_replicas
        or after.ready_replicas > before.ready_replicas
        or after.available_replicas > before.available_replicas
    )


def _deadline(deployment: apps.Deployment) -> int | None:
    spec = deployment.spec
    limited = spec.HasField("progress_deadline_seconds") and spec.progress_deadline_seconds != _NEVER
    return spec.progress_deadline_seconds if limited else None


def seconds_to_deadline(deployment: apps.Deployment, status: apps.DeploymentStatus, now: float) -> float | None:
    """When to look whether the rollout has timed out; None if it cannot."""
    deadline = _deadline(deployment)
    condition = objects.find_condition(status.conditions, "Progressing")
    if deadline is None or condition is None or condition.status != "True" or condition.reason == AVAILABLE:
        return None
    return max(0.0, times.to_seconds(condition.last_update_time) + deadline - now) + 1.0
