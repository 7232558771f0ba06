"""Nodes in rows."""

from __future__ import annotations

from console.printers.ages import UNKNOWN, since
from console.printers.columns import NONE, Column, Table
from controlplane.api.objects import find_condition
from protos.v1 import core_pb2 as core

_ROLE_LABEL = "node-role.kubernetes.io/"
_OLD_ROLE_LABEL = "kubernetes.io/role"

COLUMNS = (
    Column("NAME"),
    Column("STATUS"),
    Column("ROLES", priority=2),
    Column("AGE", priority=1),
    Column("VERSION", priority=1),
    Column("INTERNAL-IP", wide=True, priority=2),
    Column("EXTERNAL-IP", wide=True, priority=4),
    Column("OS-IMAGE", wide=True, priority=5),
    Column("KERNEL-VERSION", wide=True, priority=4),
    Column("CONTAINER-RUNTIME", wide=True, priority=4),
)


def status(node: core.Node) -> str:
    """`Ready`, `NotReady`, or `Unknown` for a node that has never reported; with `,SchedulingDisabled` when cordoned."""
    ready = find_condition(node.status.conditions, "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if node.spec.unschedulable else word


def roles(node: core.Node) -> str:
    """`control-plane`, `<none>`: what the role labels say."""
    found = {label.removeprefix(_ROLE_LABEL) for label in node.metadata.labels if label.startswith(_ROLE_LABEL)}
    found.add(node.metadata.labels.get(_OLD_ROLE_LABEL, ""))
    return ",".join(sorted(found - {""})) or NONE


def cells(node: core.Node, now: float) -> tuple[str, ...]:
    info = node.status.node_info
    return (
        node.metadata.name,
        status(node),
        roles(node),
        since(node.metadata.creation_timestamp, now),
        info.kubelet_version,
        address(node, "InternalIP"),
        address(node, "ExternalIP"),
        info.os_image or UNKNOWN,
        info.kernel_version or UNKNOWN,
        info.container_runtime_version or UNKNOWN,
    )


def address(node: core.Node, address_type: str) -> str:
    return next((a.address for a in node.status.addresses if a.type == address_type), NONE)


TABLE = Table(COLUMNS, cells, status)
