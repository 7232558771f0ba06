"""A pod, told in full."""

from __future__ import annotations

from console.printers.ages import age
from console.printers.columns import NONE
from console.printers.containers import container_lines, placement_lines
from console.printers.page import Page, annotation_lines, controller_line, event_lines, label_lines, moment, name_lines
from console.printers.related import Related
from console.printers.volumes import volume_lines
from controlplane.api import times
from controlplane.api.objects import find_condition, is_terminating
from protos.v1 import core_pb2 as core


def pod(of: core.Pod, related: Related, now: float) -> str:
    page = Page()
    _identity(page, of)
    _state(page, of, now)
    _addresses(page, of)
    controller_line(page, of)
    page.field_if("NominatedNodeName", of.status.nominated_node_name)
    if of.spec.init_containers:
        statuses = of.status.init_container_statuses
        container_lines(page, "Init Containers", of.spec.init_containers, statuses=statuses, pod=of)
    container_lines(page, "Containers", of.spec.containers, statuses=of.status.container_statuses, pod=of)
    _conditions(page, of)
    volume_lines(page, of.spec.volumes)
    page.field_if("QoS Class", of.status.qos_class)
    placement_lines(page, of.spec)
    event_lines(page, related.events, now)
    return page.text()


def _identity(page: Page, of: core.Pod) -> None:
    name_lines(page, of)
    if of.spec.HasField("priority"):
        page.field("Priority", of.spec.priority)
    page.field_if("Priority Class Name", of.spec.priority_class_name)
    page.field_if("Runtime Class Name", of.spec.runtime_class_name)
    page.field_if("Service Account", of.spec.service_account_name)
    page.field("Node", f"{of.spec.node_name}/{of.status.host_ip}" if of.spec.node_name else NONE)
    if of.status.start_time.seconds:
        page.field("Start Time", moment(of.status.start_time))
    label_lines(page, "Labels", of.metadata.labels)
    annotation_lines(page, "Annotations", of.metadata.annotations)


def _state(page: Page, of: core.Pod, now: float) -> None:
    if is_terminating(of) and of.status.phase not in ("Failed", "Succeeded"):
        left = times.to_seconds(of.metadata.deletion_timestamp) - now
        page.field("Status", f"Terminating ({f'ends in {age(left)}' if left > 0 else f'lasts {age(-left)}'})")
        page.field("Termination Grace Period", f"{of.metadata.deletion_grace_period_seconds}s")
    else:
        page.field("Status", of.status.phase)
    page.field_if("Reason", of.status.reason)
    page.field_if("Message", of.status.message)


def _addresses(page: Page, of: core.Pod) -> None:
    page.field("IP", of.status.pod_ip)
    if not of.status.pod_ips:
        page.field("IPs", NONE)
        return
    page.line("IPs:")
    for address in of.status.pod_ips:
        page.field("IP", address.ip, 1)


def _conditions(page: Page, of: core.Pod) -> None:
    if of.spec.readiness_gates:
        page.line("Readiness Gates:")
        page.line("Type\tStatus", 1)
    for gate in of.spec.readiness_gates:
        condition = find_condition(of.status.conditions, gate.condition_type)
        page.line(f"{gate.condition_type} \t{condition.status if condition else NONE} ", 1)
    if of.status.conditions:
        page.line("Conditions:")
        page.line("Type\tStatus", 1)
    for condition in of.status.conditions:
        page.line(f"{condition.type} \t{condition.status} ", 1)
