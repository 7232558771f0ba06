"""Every kind in rows: which columns it has, what stands in them, and its state in one word.

The command line and the console draw the same cells. The NAMESPACE column, labels and the kind in front of a name depend on
what was asked for and are the caller's to add.
"""

from __future__ import annotations

from typing import Any, cast

from console.printers import (
    access,
    autoscaling,
    cluster,
    config,
    controllers,
    events,
    jobs,
    limits,
    networking,
    nodes,
    pods,
    services,
    storage,
    workloads,
)
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
    registry.STATEFUL_SETS.resource: controllers.STATEFUL_SETS,
    registry.DAEMON_SETS.resource: controllers.DAEMON_SETS,
    registry.REPLICATION_CONTROLLERS.resource: controllers.REPLICATION_CONTROLLERS,
    registry.CONTROLLER_REVISIONS.resource: controllers.CONTROLLER_REVISIONS,
    registry.POD_TEMPLATES.resource: controllers.POD_TEMPLATES,
    registry.JOBS.resource: jobs.JOBS,
    registry.CRON_JOBS.resource: jobs.CRON_JOBS,
    registry.HORIZONTAL_POD_AUTOSCALERS.resource: autoscaling.HORIZONTAL_POD_AUTOSCALERS,
    registry.POD_DISRUPTION_BUDGETS.resource: autoscaling.POD_DISRUPTION_BUDGETS,
    registry.PERSISTENT_VOLUMES.resource: storage.PERSISTENT_VOLUMES,
    registry.PERSISTENT_VOLUME_CLAIMS.resource: storage.PERSISTENT_VOLUME_CLAIMS,
    registry.STORAGE_CLASSES.resource: storage.STORAGE_CLASSES,
    registry.RESOURCE_QUOTAS.resource: limits.RESOURCE_QUOTAS,
    registry.LIMIT_RANGES.resource: limits.LIMIT_RANGES,
    registry.PRIORITY_CLASSES.resource: limits.PRIORITY_CLASSES,
    registry.SERVICE_ACCOUNTS.resource: access.SERVICE_ACCOUNTS,
    registry.ROLES.resource: access.ROLES,
    registry.CLUSTER_ROLES.resource: access.ROLES,
    registry.ROLE_BINDINGS.resource: access.BINDINGS,
    registry.CLUSTER_ROLE_BINDINGS.resource: access.BINDINGS,
    registry.CERTIFICATE_SIGNING_REQUESTS.resource: access.CERTIFICATE_SIGNING_REQUESTS,
    registry.NETWORK_POLICIES.resource: networking.NETWORK_POLICIES,
    registry.INGRESSES.resource: networking.INGRESSES,
    registry.INGRESS_CLASSES.resource: networking.INGRESS_CLASSES,
    registry.COMPONENT_STATUSES.resource: cluster.COMPONENT_STATUSES,
    registry.CUSTOM_RESOURCE_DEFINITIONS.resource: cluster.CUSTOM_RESOURCE_DEFINITIONS,
    registry.NODE_METRICS.resource: cluster.NODE_METRICS,
    registry.POD_METRICS.resource: cluster.POD_METRICS,
}


def _plain_cells(obj: ApiObject, now: float) -> tuple[str, ...]:
    return (obj.metadata.name, since(obj.metadata.creation_timestamp, now))


_PLAIN: Table[Any] = Table((Column("NAME"), Column("AGE", priority=1)), _plain_cells, config.existence)


def _table(kind: Kind[T]) -> Table[T]:
    if kind.is_custom:
        from console.printers import custom  # late: it needs the JSON codec, which most commands do without

        return cast("Table[T]", custom.table_of(kind))
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
