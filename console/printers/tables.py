"""Every kind in rows: which columns it has, what stands in them, and its state in one word.

The command line and the console draw the same cells. The NAMESPACE column, labels and the kind in front of a name depend on
what was asked for and are the caller's to add.
"""

from __future__ import annotations

from typing import Any

from console.printers import config, events, nodes, pods, services, workloads
from console.printers.ages import since
from console.printers.columns import Column, Table
from controlplane.api import registry
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import Kind

__all__ = ["Column", "Table", "cells_of", "columns_of", "status_of"]

_TABLES: dict[str, Table[Any]] = {
    registry.NAMESPACES.resource: config.NAMESPACES,
    registry.NODES.resource: nodes.TABLE,
    registry.PODS.resource: pods.TABLE,
    registry.SERVICES.resource: services.SERVICES,
    registry.ENDPOINTS.resource: services.ENDPOINTS,
    registry.CONFIG_MAPS.resource: config.CONFIG_MAPS,
    registry.SECRETS.resource: config.SECRETS,
    registry.EVENTS.resource: events.TABLE,
    registry.DEPLOYMENTS.resource: workloads.DEPLOYMENTS,
    registry.REPLICA_SETS.resource: workloads.REPLICA_SETS,
    registry.ENDPOINT_SLICES.resource: services.ENDPOINT_SLICES,
    registry.LEASES.resource: config.LEASES,
}


def _plain_cells(obj: ApiObject, now: float) -> tuple[str, ...]:
    return (obj.metadata.name, since(obj.metadata.creation_timestamp, now))


_PLAIN: Table[Any] = Table((Column("NAME"), Column("AGE", priority=1)), _plain_cells, config.existence)


def _table(kind: Kind[T]) -> Table[T]:
    return _TABLES.get(kind.resource, _PLAIN)


def columns_of(kind: Kind[Any]) -> tuple[Column, ...]:
    """The kind's columns, wide ones included."""
    return _table(kind).columns


def cells_of(kind: Kind[T], obj: T, now: float) -> tuple[str, ...]:
    """One text per column of `columns_of`."""
    return _table(kind).cells(obj, now)


def status_of(kind: Kind[T], obj: T) -> str:
    """The object's state in one word."""
    return _table(kind).status(obj)
