"""Stateful sets, daemon sets, replication controllers and what belongs to them in rows."""

from __future__ import annotations

from console.printers.ages import since
from console.printers.columns import Column, Table, container_images, container_names, labels, selector
from console.printers.config import existence
from console.printers.workloads import progress
from controlplane.api.objects import controller_of, is_terminating
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)
_CONTAINERS = (Column("CONTAINERS", wide=True, priority=4), Column("IMAGES", wide=True, priority=2))
_SELECTOR = Column("SELECTOR", wide=True, priority=5)


def _stateful_set_cells(stateful_set: apps.StatefulSet, now: float) -> tuple[str, ...]:
    containers = stateful_set.spec.template.spec.containers
    return (
        stateful_set.metadata.name,
        f"{stateful_set.status.ready_replicas}/{stateful_set.spec.replicas}",
        since(stateful_set.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
    )


def _stateful_set_status(stateful_set: apps.StatefulSet) -> str:
    status = stateful_set.status
    return progress(
        terminating=is_terminating(stateful_set),
        wanted=stateful_set.spec.replicas,
        current=status.replicas,
        ready=status.ready_replicas,
    )


def _daemon_set_cells(daemon_set: apps.DaemonSet, now: float) -> tuple[str, ...]:
    status, pod = daemon_set.status, daemon_set.spec.template.spec
    return (
        daemon_set.metadata.name,
        str(status.desired_number_scheduled),
        str(status.current_number_scheduled),
        str(status.number_ready),
        str(status.updated_number_scheduled),
        str(status.number_available),
        labels(pod.node_selector),
        since(daemon_set.metadata.creation_timestamp, now),
        container_names(pod.containers),
        container_images(pod.containers),
        selector(daemon_set.spec.selector),
    )


def _daemon_set_status(daemon_set: apps.DaemonSet) -> str:
    status = daemon_set.status
    return progress(
        terminating=is_terminating(daemon_set),
        wanted=status.desired_number_scheduled,
        current=status.current_number_scheduled,
        ready=status.number_ready,
    )


def _replication_controller_cells(controller: core.ReplicationController, now: float) -> tuple[str, ...]:
    status, containers = controller.status, controller.spec.template.spec.containers
    return (
        controller.metadata.name,
        str(controller.spec.replicas),
        str(status.replicas),
        str(status.ready_replicas),
        since(controller.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
        labels(controller.spec.selector),
    )


def _replication_controller_status(controller: core.ReplicationController) -> str:
    status = controller.status
    return progress(
        terminating=is_terminating(controller),
        wanted=controller.spec.replicas,
        current=status.replicas,
        ready=status.ready_replicas,
    )


def _revision_cells(revision: apps.ControllerRevision, now: float) -> tuple[str, ...]:
    owner = controller_of(revision)
    return (
        revision.metadata.name,
        f"{_kind_with_group(owner.kind, owner.api_version)}/{owner.name}" if owner else "<none>",
        str(revision.revision),
        since(revision.metadata.creation_timestamp, now),
    )


def _kind_with_group(kind: str, api_version: str) -> str:
    """`statefulset.apps`"""
    group = api_version.rpartition("/")[0]
    return f"{kind.lower()}.{group}" if group else kind.lower()


def _template_cells(template: core.PodTemplate, _now: float) -> tuple[str, ...]:
    containers = template.template.spec.containers
    return (
        template.metadata.name,
        container_names(containers),
        container_images(containers),
        labels(template.template.metadata.labels),
    )


STATEFUL_SETS = Table((_NAME, Column("READY"), _AGE, *_CONTAINERS), _stateful_set_cells, _stateful_set_status)
DAEMON_SETS = Table(
    (
        _NAME, Column("DESIRED", right=True), Column("CURRENT", right=True, priority=2), Column("READY", right=True),
        Column("UP-TO-DATE", right=True, priority=2), Column("AVAILABLE", right=True, priority=2),
        Column("NODE SELECTOR", priority=3), _AGE, *_CONTAINERS, _SELECTOR,
    ),
    _daemon_set_cells, _daemon_set_status,
)  # fmt: skip
REPLICATION_CONTROLLERS = Table(
    (
        _NAME, Column("DESIRED", right=True), Column("CURRENT", right=True, priority=2), Column("READY", right=True), _AGE,
        *_CONTAINERS, _SELECTOR,
    ),
    _replication_controller_cells, _replication_controller_status,
)  # fmt: skip
CONTROLLER_REVISIONS = Table(
    (_NAME, Column("CONTROLLER"), Column("REVISION", right=True), _AGE), _revision_cells, existence
)  # fmt: skip
POD_TEMPLATES = Table(
    (_NAME, Column("CONTAINERS"), Column("IMAGES", priority=2), Column("POD LABELS", priority=3)), _template_cells, existence
)  # fmt: skip
