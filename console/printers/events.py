"""Events in rows, in their order, and as the last part of a description."""

from __future__ import annotations

from collections.abc import Iterable

from console.printers.ages import since
from console.printers.columns import Column, Table
from controlplane.api import times
from protos.v1 import core_pb2 as core

COLUMNS = (
    Column("LAST SEEN"),
    Column("TYPE", priority=1),
    Column("REASON"),
    Column("OBJECT"),
    Column("SUBOBJECT", wide=True, priority=5),
    Column("SOURCE", wide=True, priority=4),
    Column("MESSAGE"),
    Column("FIRST SEEN", wide=True, priority=4),
    Column("COUNT", wide=True, right=True, priority=3),
    Column("NAME", wide=True, priority=5),
)


def last_seen(event: core.Event) -> float:
    """When it last happened, in seconds since 1970."""
    moments = (event.series.last_observed_time, event.last_timestamp, event.first_timestamp, event.event_time)
    return next((times.to_seconds(moment) for moment in moments if moment.seconds), 0.0)


def in_order(events: Iterable[core.Event]) -> list[core.Event]:
    """Oldest first, by when they last happened."""
    return sorted(events, key=last_seen)


def count(event: core.Event) -> int:
    """How often it happened."""
    return event.series.count or event.count or 1


def first_seen(event: core.Event, now: float) -> str:
    return since(event.first_timestamp if event.first_timestamp.seconds else event.event_time, now)


def source(event: core.Event) -> str:
    """`kubelet, node-1`"""
    component = event.source.component or event.reporting_component
    host = event.source.host or event.reporting_instance
    return f"{component}, {host}" if host else component


def target(event: core.Event) -> str:
    """`pod/web-1`"""
    about = event.involved_object
    return f"{about.kind.lower()}/{about.name}" if about.name else about.kind.lower()


def cells(event: core.Event, now: float) -> tuple[str, ...]:
    return (
        _last_seen_age(event, now),
        event.type,
        event.reason,
        target(event),
        event.involved_object.field_path,
        source(event),
        event.message.strip(),
        first_seen(event, now),
        str(count(event)),
        event.metadata.name,
    )


def status(event: core.Event) -> str:
    return event.type


def interval(event: core.Event, now: float) -> str:
    """`12s`, or for one that repeats `12s (x4 over 119s)`"""
    first = first_seen(event, now)
    return f"{_last_seen_age(event, now)} (x{count(event)} over {first})" if count(event) > 1 else first


def _last_seen_age(event: core.Event, now: float) -> str:
    for moment in (event.series.last_observed_time, event.last_timestamp):
        if moment.seconds:
            return since(moment, now)
    return first_seen(event, now)


TABLE = Table(COLUMNS, cells, status)
