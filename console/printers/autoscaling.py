"""Autoscalers and disruption budgets in rows."""

from __future__ import annotations

from console.printers.ages import since
from console.printers.columns import NONE, Column, Table
from console.printers.config import existence
from controlplane.api.objects import condition_is, is_terminating
from protos.v1 import autoscaling_pb2 as autoscaling
from protos.v1 import meta_pb2 as meta
from protos.v1 import policy_pb2 as policy

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)
_UNKNOWN = "<unknown>"
_SHOWN = 2  # targets, before the rest is counted


_SOURCES = {
    "Resource": "resource", "ContainerResource": "container_resource", "Pods": "pods", "Object": "object",
    "External": "external",
}  # fmt: skip


def _target(spec: autoscaling.MetricSpec, status: autoscaling.MetricStatus | None) -> str:
    """`cpu: 35%/80%`, as it is now and as it should be."""
    source = _SOURCES.get(spec.type, "resource")
    wanted = getattr(spec, source)
    current = getattr(status, source).current if status is not None else autoscaling.MetricValueStatus()
    label = f"{wanted.name}: " if spec.type in ("Resource", "ContainerResource") else ""
    return f"{label}{_current(wanted.target, current)}/{_wanted(wanted.target)}"


def _wanted(target: autoscaling.MetricTarget) -> str:
    if target.HasField("average_utilization"):
        return f"{target.average_utilization}%"
    if target.HasField("average_value"):
        return f"{target.average_value.string}" + ("" if target.type == "AverageValue" else " (avg)")
    return target.value.string or "<auto>"


def _current(target: autoscaling.MetricTarget, current: autoscaling.MetricValueStatus) -> str:
    if target.HasField("average_utilization"):
        return f"{current.average_utilization}%" if current.HasField("average_utilization") else _UNKNOWN
    if target.HasField("average_value"):
        return current.average_value.string or _UNKNOWN
    return current.value.string or _UNKNOWN


def _targets(autoscaler: autoscaling.HorizontalPodAutoscaler) -> str:
    current = list(autoscaler.status.current_metrics)
    told = [
        _target(spec, current[index] if index < len(current) and current[index].type == spec.type else None)
        for index, spec in enumerate(autoscaler.spec.metrics)
    ]
    if not told:
        return NONE
    more = f" + {len(told) - _SHOWN} more..." if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _autoscaler_cells(autoscaler: autoscaling.HorizontalPodAutoscaler, now: float) -> tuple[str, ...]:
    spec, target = autoscaler.spec, autoscaler.spec.scale_target_ref
    return (
        autoscaler.metadata.name,
        f"{target.kind}/{target.name}",
        _targets(autoscaler),
        str(spec.min_replicas) if spec.HasField("min_replicas") else "<unset>",
        str(spec.max_replicas),
        str(autoscaler.status.current_replicas),
        since(autoscaler.metadata.creation_timestamp, now),
    )


def _autoscaler_status(autoscaler: autoscaling.HorizontalPodAutoscaler) -> str:
    """`Active`, `Limited`, `Unable`, `Unknown` or `Terminating`."""
    conditions = autoscaler.status.conditions
    if is_terminating(autoscaler):
        return "Terminating"
    if condition_is(conditions, "AbleToScale", "False") or condition_is(conditions, "ScalingActive", "False"):
        return "Unable"
    if condition_is(conditions, "ScalingLimited"):
        return "Limited"
    return "Active" if condition_is(conditions, "ScalingActive") else "Unknown"


def _number(value: meta.IntOrString, *, is_set: bool) -> str:
    return (value.str_val if value.type else str(value.int_val)) if is_set else "N/A"


def _budget_cells(budget: policy.PodDisruptionBudget, now: float) -> tuple[str, ...]:
    spec = budget.spec
    return (
        budget.metadata.name,
        _number(spec.min_available, is_set=spec.HasField("min_available")),
        _number(spec.max_unavailable, is_set=spec.HasField("max_unavailable")),
        str(budget.status.disruptions_allowed),
        since(budget.metadata.creation_timestamp, now),
    )


HORIZONTAL_POD_AUTOSCALERS = Table(
    (
        _NAME, Column("REFERENCE", priority=1), Column("TARGETS"), Column("MINPODS", right=True, priority=2),
        Column("MAXPODS", right=True, priority=2), Column("REPLICAS", right=True), _AGE,
    ),
    _autoscaler_cells, _autoscaler_status,
)  # fmt: skip
POD_DISRUPTION_BUDGETS = Table(
    (
        _NAME, Column("MIN AVAILABLE"), Column("MAX UNAVAILABLE"), Column("ALLOWED DISRUPTIONS", right=True), _AGE,
    ),
    _budget_cells, existence,
)  # fmt: skip
