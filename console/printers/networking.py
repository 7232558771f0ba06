"""Network policies, ingresses and their classes in rows."""

from __future__ import annotations

from console.printers.ages import since
from console.printers.columns import NONE, Column, Table, at_most, selector
from console.printers.config import existence
from protos.v1 import networking_pb2 as networking

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)


def _policy_cells(policy: networking.NetworkPolicy, now: float) -> tuple[str, ...]:
    return (policy.metadata.name, selector(policy.spec.pod_selector), since(policy.metadata.creation_timestamp, now))


def _ingress_cells(ingress: networking.Ingress, now: float) -> tuple[str, ...]:
    spec = ingress.spec
    hosts = [rule.host for rule in spec.rules if rule.host]
    addresses = [item.ip or item.hostname for item in ingress.status.load_balancer.ingress]
    return (
        ingress.metadata.name,
        spec.ingress_class_name or NONE,
        at_most(hosts) if hosts else "*",
        ",".join(address for address in addresses if address),
        "80, 443" if spec.tls else "80",
        since(ingress.metadata.creation_timestamp, now),
    )


def _class_cells(ingress_class: networking.IngressClass, now: float) -> tuple[str, ...]:
    parameters = ingress_class.spec.parameters
    group = f".{parameters.api_group}" if parameters.api_group else ""
    return (
        ingress_class.metadata.name,
        ingress_class.spec.controller,
        f"{parameters.kind}{group}/{parameters.name}" if parameters.name else NONE,
        since(ingress_class.metadata.creation_timestamp, now),
    )


NETWORK_POLICIES = Table((_NAME, Column("POD-SELECTOR"), _AGE), _policy_cells, existence)
INGRESSES = Table(
    (
        _NAME, Column("CLASS", priority=1), Column("HOSTS"), Column("ADDRESS", priority=1), Column("PORTS", priority=2),
        _AGE,
    ),
    _ingress_cells, existence,
)  # fmt: skip
INGRESS_CLASSES = Table(
    (_NAME, Column("CONTROLLER"), Column("PARAMETERS", priority=2), _AGE), _class_cells, existence
)  # fmt: skip
