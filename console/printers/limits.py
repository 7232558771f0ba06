"""Quotas, limit ranges and priority classes in rows."""

from __future__ import annotations

from collections.abc import Mapping

from console.printers.ages import since
from console.printers.columns import Column, Table
from console.printers.config import existence
from controlplane.api import times
from controlplane.api.objects import ApiObject
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import scheduling_pb2 as scheduling

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)


def created_at(obj: ApiObject) -> str:
    return times.format_time(obj.metadata.creation_timestamp)


def _used(name: str, used: Mapping[str, meta.Quantity], hard: Mapping[str, meta.Quantity]) -> str:
    return f"{name}: {used[name].string if name in used else '0'}/{hard[name].string}"


def _quota_cells(quota: core.ResourceQuota, now: float) -> tuple[str, ...]:
    hard, used = quota.status.hard or quota.spec.hard, quota.status.used
    told = [(name, _used(name, used, hard)) for name in sorted(hard)]
    return (
        quota.metadata.name,
        ", ".join(text for name, text in told if not name.startswith("limits.")),
        ", ".join(text for name, text in told if name.startswith("limits.")),
        since(quota.metadata.creation_timestamp, now),
    )


def _limit_range_cells(limits: core.LimitRange, _now: float) -> tuple[str, ...]:
    return (limits.metadata.name, created_at(limits))


def _priority_class_cells(priority: scheduling.PriorityClass, now: float) -> tuple[str, ...]:
    return (
        priority.metadata.name,
        str(priority.value),
        "true" if priority.global_default else "false",
        since(priority.metadata.creation_timestamp, now),
        priority.preemption_policy or "PreemptLowerPriority",
    )


RESOURCE_QUOTAS = Table((_NAME, Column("REQUEST"), Column("LIMIT", priority=1), _AGE), _quota_cells, existence)
LIMIT_RANGES = Table((_NAME, Column("CREATED AT", priority=1)), _limit_range_cells, existence)
PRIORITY_CLASSES = Table(
    (_NAME, Column("VALUE", right=True), Column("GLOBAL-DEFAULT", priority=2), _AGE, Column("PREEMPTIONPOLICY", priority=3)),
    _priority_class_cells, existence,
)  # fmt: skip
