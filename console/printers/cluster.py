"""The control plane's parts, definitions of kinds, and what nodes and pods use, in rows."""

from __future__ import annotations

from collections.abc import Iterable

from console.printers.columns import Column, Table
from console.printers.config import existence
from console.printers.limits import created_at
from controlplane.api import durations, quantity
from protos.v1 import apiextensions_pb2 as apiextensions
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics

_NAME = Column("NAME")
_MIB = 1 << 20


def _component_cells(component: core.ComponentStatus, _now: float) -> tuple[str, ...]:
    condition = _health(component)
    return (component.metadata.name, _component_status(component), condition.message, condition.error)


def _health(component: core.ComponentStatus) -> core.ComponentCondition:
    return next((c for c in component.conditions if c.type == "Healthy"), core.ComponentCondition())


def _component_status(component: core.ComponentStatus) -> str:
    """`Healthy`, `Unhealthy` or `Unknown`."""
    return {"True": "Healthy", "False": "Unhealthy"}.get(_health(component).status, "Unknown")


def _definition_cells(definition: apiextensions.CustomResourceDefinition, _now: float) -> tuple[str, ...]:
    return (definition.metadata.name, created_at(definition))


def cores(amounts: Iterable[meta.Quantity]) -> str:
    """`250m`"""
    return f"{sum(quantity.millis(amount) for amount in amounts)}m"


def mebibytes(amounts: Iterable[meta.Quantity]) -> str:
    """`128Mi`"""
    return f"{sum(quantity.value(amount) for amount in amounts) // _MIB}Mi"


def _node_metrics_cells(node: metrics.NodeMetrics, _now: float) -> tuple[str, ...]:
    return (
        node.metadata.name,
        cores([node.usage["cpu"]] if "cpu" in node.usage else []),
        mebibytes([node.usage["memory"]] if "memory" in node.usage else []),
        durations.format_duration(node.window.duration),
    )


def _pod_metrics_cells(pod: metrics.PodMetrics, _now: float) -> tuple[str, ...]:
    return (
        pod.metadata.name,
        cores(c.usage["cpu"] for c in pod.containers if "cpu" in c.usage),
        mebibytes(c.usage["memory"] for c in pod.containers if "memory" in c.usage),
        durations.format_duration(pod.window.duration),
    )


_USAGE = (_NAME, Column("CPU", right=True), Column("MEMORY", right=True), Column("WINDOW", priority=1))
COMPONENT_STATUSES = Table(
    (_NAME, Column("STATUS"), Column("MESSAGE", priority=1), Column("ERROR")), _component_cells, _component_status
)  # fmt: skip
CUSTOM_RESOURCE_DEFINITIONS = Table((_NAME, Column("CREATED AT", priority=1)), _definition_cells, existence)
NODE_METRICS = Table(_USAGE, _node_metrics_cells, existence)
POD_METRICS = Table(_USAGE, _pod_metrics_cells, existence)
