"""Namespaces, config maps, secrets and leases in rows."""

from __future__ import annotations

from console.printers.ages import since
from console.printers.columns import Column, Table
from controlplane.api.objects import ApiObject, is_terminating
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)


def existence(obj: ApiObject) -> str:
    """The state of a kind that has none of its own."""
    return "Terminating" if is_terminating(obj) else "Active"


def _namespace_status(namespace: core.Namespace) -> str:
    return namespace.status.phase or existence(namespace)


def _namespace_cells(namespace: core.Namespace, now: float) -> tuple[str, ...]:
    return (namespace.metadata.name, namespace.status.phase, since(namespace.metadata.creation_timestamp, now))


def _config_map_cells(config: core.ConfigMap, now: float) -> tuple[str, ...]:
    entries = len(config.data) + len(config.binary_data)
    return (config.metadata.name, str(entries), since(config.metadata.creation_timestamp, now))


def _secret_cells(secret: core.Secret, now: float) -> tuple[str, ...]:
    return (secret.metadata.name, secret.type, str(len(secret.data)), since(secret.metadata.creation_timestamp, now))


def _lease_cells(lease: coordination.Lease, now: float) -> tuple[str, ...]:
    return (lease.metadata.name, lease.spec.holder_identity, since(lease.metadata.creation_timestamp, now))


NAMESPACES = Table((_NAME, Column("STATUS"), _AGE), _namespace_cells, _namespace_status)
CONFIG_MAPS = Table((_NAME, Column("DATA", right=True), _AGE), _config_map_cells, existence)
SECRETS = Table((_NAME, Column("TYPE"), Column("DATA", right=True), _AGE), _secret_cells, existence)
LEASES = Table((_NAME, Column("HOLDER"), _AGE), _lease_cells, existence)
