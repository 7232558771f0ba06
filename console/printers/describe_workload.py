"""Deployments and replica sets, told in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from console.printers.columns import or_none, selector
from console.printers.containers import int_or_string, template_lines
from console.printers.page import Page, annotation_lines, controller_line, event_lines, label_lines, moment, name_lines
from console.printers.related import Related
from controlplane.api import rollouts
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core


def deployment(of: apps.Deployment, related: Related, now: float) -> str:
    page, spec, status = Page(), of.spec, of.status
    name_lines(page, of)
    page.field("CreationTimestamp", moment(of.metadata.creation_timestamp))
    label_lines(page, "Labels", of.metadata.labels)
    annotation_lines(page, "Annotations", of.metadata.annotations)
    page.field("Selector", selector(spec.selector))
    page.field("Replicas", f"{spec.replicas} desired | {status.updated_replicas} updated | {status.replicas} total | "
                           f"{status.available_replicas} available | {status.unavailable_replicas} unavailable")  # fmt: skip
    page.field("StrategyType", spec.strategy.type)
    page.field("MinReadySeconds", spec.min_ready_seconds)
    if spec.strategy.HasField("rolling_update"):
        rolling = spec.strategy.rolling_update
        unavailable, surge = int_or_string(rolling.max_unavailable), int_or_string(rolling.max_surge)
        page.field("RollingUpdateStrategy", f"{unavailable} max unavailable, {surge} max surge")
    template_lines(page, spec.template)
    _conditions(page, [(c.type, c.status, c.reason) for c in status.conditions])
    _replica_sets(page, of, related.replica_sets)
    event_lines(page, related.events, now)
    return page.text()


def replica_set(of: apps.ReplicaSet, related: Related, now: float) -> str:
    page = Page()
    name_lines(page, of)
    page.field("Selector", selector(of.spec.selector))
    label_lines(page, "Labels", of.metadata.labels)
    annotation_lines(page, "Annotations", of.metadata.annotations)
    controller_line(page, of)
    page.field("Replicas", f"{of.status.replicas} current / {of.spec.replicas} desired")
    page.field("Pods Status", _phases(related.pods))
    template_lines(page, of.spec.template)
    _conditions(page, [(c.type, c.status, c.reason) for c in of.status.conditions])
    event_lines(page, related.events, now)
    return page.text()


def _phases(pods: Iterable[core.Pod]) -> str:
    count = Counter(pod.status.phase for pod in pods)
    return (
        f"{count['Running']} Running / {count['Pending']} Waiting / "
        f"{count['Succeeded']} Succeeded / {count['Failed']} Failed"
    )


def _conditions(page: Page, conditions: Sequence[tuple[str, str, str]]) -> None:
    if not conditions:
        return
    page.line("Conditions:")
    page.head("Type", "Status", "Reason")
    for condition_type, status, reason in conditions:
        page.line(f"{condition_type} \t{status}\t{reason}", 1)


def _replica_sets(page: Page, of: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> None:
    if not replica_sets:
        return
    new = [one for one in replica_sets if rollouts.same_template(one.spec.template, of.spec.template)]
    old = [one for one in replica_sets if one not in new]
    page.field("OldReplicaSets", _told(old))
    page.field("NewReplicaSet", _told(new))


def _told(replica_sets: Iterable[apps.ReplicaSet]) -> str:
    return or_none(
        ", ".join(
            f"{one.metadata.name} ({one.status.replicas}/{one.spec.replicas} replicas created)" for one in replica_sets
        )
    )
