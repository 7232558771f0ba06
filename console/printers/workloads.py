"""Deployments and replica sets in rows."""

from __future__ import annotations

from console.printers.ages import since
from console.printers.columns import Column, Table, container_images, container_names, selector
from controlplane.api.objects import find_condition, is_terminating
from protos.v1 import apps_pb2 as apps

_WIDE = (
    Column("CONTAINERS", wide=True, priority=4),
    Column("IMAGES", wide=True, priority=2),
    Column("SELECTOR", wide=True, priority=5),
)


def _deployment_cells(deployment: apps.Deployment, now: float) -> tuple[str, ...]:
    status, containers = deployment.status, deployment.spec.template.spec.containers
    return (
        deployment.metadata.name,
        f"{status.ready_replicas}/{deployment.spec.replicas}",
        str(status.updated_replicas),
        str(status.available_replicas),
        since(deployment.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
        selector(deployment.spec.selector),
    )


def _deployment_status(deployment: apps.Deployment) -> str:
    """`Available`, `Progressing`, `Paused`, `Failed` (the deadline passed), `Unavailable` or `Terminating`."""
    status, wanted = deployment.status, deployment.spec.replicas
    if is_terminating(deployment):
        return "Terminating"
    progressing = find_condition(status.conditions, "Progressing")
    if progressing is not None and progressing.reason == "ProgressDeadlineExceeded":
        return "Failed"
    settled = status.updated_replicas == status.replicas == status.available_replicas == wanted
    if settled and status.observed_generation >= deployment.metadata.generation:
        return "Available"
    if deployment.spec.paused:
        return "Paused"
    return "Progressing" if status.available_replicas or not wanted else "Unavailable"


def _replica_set_cells(replica_set: apps.ReplicaSet, now: float) -> tuple[str, ...]:
    status, containers = replica_set.status, replica_set.spec.template.spec.containers
    return (
        replica_set.metadata.name,
        str(replica_set.spec.replicas),
        str(status.replicas),
        str(status.ready_replicas),
        since(replica_set.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
        selector(replica_set.spec.selector),
    )


def progress(*, terminating: bool, wanted: int, current: int, ready: int) -> str:
    """`Ready`, `Progressing`, `Idle` (asked for nothing and has nothing) or `Terminating`."""
    if terminating:
        return "Terminating"
    if not wanted and not current:
        return "Idle"
    return "Ready" if ready == current == wanted else "Progressing"


def _replica_set_status(replica_set: apps.ReplicaSet) -> str:
    status = replica_set.status
    return progress(
        terminating=is_terminating(replica_set),
        wanted=replica_set.spec.replicas,
        current=status.replicas,
        ready=status.ready_replicas,
    )


DEPLOYMENTS = Table(
    (
        Column("NAME"),
        Column("READY"),
        Column("UP-TO-DATE", priority=1),
        Column("AVAILABLE", priority=1),
        Column("AGE", priority=1),
        *_WIDE,
    ),
    _deployment_cells,
    _deployment_status,
)
REPLICA_SETS = Table(
    (
        Column("NAME"),
        Column("DESIRED"),
        Column("CURRENT", priority=1),
        Column("READY"),
        Column("AGE", priority=1),
        *_WIDE,
    ),
    _replica_set_cells,
    _replica_set_status,
)
