"""A node, told in full: its state, and how much of it the pods on it have taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.printers import resources
from console.printers.ages import since
from console.printers.columns import NONE
from console.printers.nodes import roles
from console.printers.page import Page, annotation_lines, event_lines, label_lines, moment
from console.printers.related import Related
from console.printers.services import UNSET
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_SHOWN_PER_POD = ("cpu", "memory")
_SHOWN_IN_TOTAL = ("cpu", "memory", "ephemeral-storage")


def node(of: core.Node, related: Related, now: float) -> str:
    page = Page()
    _identity(page, of)
    _lease(page, related.lease)
    _conditions(page, of)
    page.line("Addresses:")
    for address in of.status.addresses:
        page.field(address.type, address.address, 1)
    for title, amounts in (("Capacity", of.status.capacity), ("Allocatable", of.status.allocatable)):
        _amounts(page, title, amounts)
    _system(page, of.status.node_info)
    page.field_if("PodCIDR", of.spec.pod_cidr)
    page.field_if("PodCIDRs", ",".join(of.spec.pod_cidrs))
    page.field_if("ProviderID", of.spec.provider_id)
    running = [pod for pod in related.pods if pod.status.phase not in ("Succeeded", "Failed")]
    whole = of.status.allocatable or of.status.capacity
    _pods(page, running, whole, now)
    _allocated(page, running, whole)
    event_lines(page, related.events, now)
    return page.text()


def _identity(page: Page, of: core.Node) -> None:
    page.field("Name", of.metadata.name)
    page.field("Roles", roles(of))
    label_lines(page, "Labels", of.metadata.labels)
    annotation_lines(page, "Annotations", of.metadata.annotations)
    page.field("CreationTimestamp", moment(of.metadata.creation_timestamp))
    page.values("Taints", sorted(taint_text(taint) for taint in of.spec.taints))
    page.field("Unschedulable", "true" if of.spec.unschedulable else "false")


def taint_text(taint: core.Taint) -> str:
    """`key=value:NoSchedule`"""
    return taint.key + (f"={taint.value}" if taint.value else "") + f":{taint.effect}"


def _lease(page: Page, lease: coordination.Lease | None) -> None:
    if lease is None:
        page.field("Lease", NONE)
        return
    page.line("Lease:")
    page.field("HolderIdentity", lease.spec.holder_identity or UNSET, 1)
    for name, time in (("AcquireTime", lease.spec.acquire_time), ("RenewTime", lease.spec.renew_time)):
        page.field(name, moment(time) if time.seconds else UNSET, 1)


def _conditions(page: Page, of: core.Node) -> None:
    if not of.status.conditions:
        return
    page.line("Conditions:")
    page.head("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    for condition in of.status.conditions:
        times = (moment(condition.last_heartbeat_time), moment(condition.last_transition_time))
        words = (condition.type, condition.status, *times, condition.reason)
        page.line("".join(f"{word} \t" for word in words) + condition.message, 1)


def _amounts(page: Page, title: str, amounts: Mapping[str, meta.Quantity]) -> None:
    if amounts:
        page.line(f"{title}:")
    for name in sorted(amounts):
        page.field(name, amounts[name].string, 1)


def _system(page: Page, info: core.NodeSystemInfo) -> None:
    page.line("System Info:")
    for name, value in (
        ("Machine ID", info.machine_id),
        ("System UUID", info.system_uuid),
        ("Boot ID", info.boot_id),
        ("Kernel Version", info.kernel_version),
        ("OS Image", info.os_image),
        ("Operating System", info.operating_system),
        ("Architecture", info.architecture),
        ("Container Runtime Version", info.container_runtime_version),
        ("Kubelet Version", info.kubelet_version),
        ("Kube-Proxy Version", info.kube_proxy_version),
    ):
        page.field(name, value, 1)


def _pods(page: Page, pods: Sequence[core.Pod], whole: Mapping[str, meta.Quantity], now: float) -> None:
    page.field("Non-terminated Pods", f"({len(pods)} in total)")
    page.line("Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge", 1)
    page.line("---------\t----\t\t------------\t----------\t---------------\t-------------\t---", 1)
    for pod in pods:
        asked, allowed = resources.pod_totals(pod), resources.pod_totals(pod, limits=True)
        shares = [_share(name, amount[name], whole) for name in _SHOWN_PER_POD for amount in (asked, allowed)]
        age = since(pod.metadata.creation_timestamp, now)
        page.line("\t".join((pod.metadata.namespace, pod.metadata.name, "", *shares, age)), 1)


def _allocated(page: Page, pods: Sequence[core.Pod], whole: Mapping[str, meta.Quantity]) -> None:
    page.line("Allocated resources:")
    page.line("(Total limits may be over 100 percent, i.e., overcommitted.)", 1)
    page.head("Resource", "Requests", "Limits")
    asked, allowed = resources.totals(pods), resources.totals(pods, limits=True)
    for name in _SHOWN_IN_TOTAL:
        page.line("\t".join((name, _share(name, asked[name], whole), _share(name, allowed[name], whole))), 1)


def _share(name: str, millis: int, whole: Mapping[str, meta.Quantity]) -> str:
    return f"{resources.told(name, millis)} ({resources.percent(millis, whole.get(name))}%)"
