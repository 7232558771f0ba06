"""What a Service no longer needs when its type changes goes with the type, unless its writer changed it too. Pure.

So `kubectl patch service web -p '{"spec": {"type": "ClusterIP"}}'` is enough.
"""

from __future__ import annotations

from protos.v1 import core_pb2 as core

_OUTSIDE = ("NodePort", "LoadBalancer")


def drop_unneeded(old: core.Service, new: core.Service) -> None:
    """`new` is what will be stored in place of `old`."""
    before, after = old.spec, new.spec
    if before.type != "ExternalName" and after.type == "ExternalName":
        _drop_addresses(before, after)
    if before.type in _OUTSIDE and after.type not in _OUTSIDE and _node_ports(before) == _node_ports(after):
        for port in after.ports:
            port.node_port = 0
    if before.type == "LoadBalancer" != after.type:
        for name in ("allocate_load_balancer_node_ports", "load_balancer_class"):
            _drop(before, after, name)
        new.status.ClearField("load_balancer")
    if _is_reached_from_outside(before) and not _is_reached_from_outside(after):
        _drop(before, after, "external_traffic_policy")
    if _checks_health(before) and not _checks_health(after):
        _drop(before, after, "health_check_node_port")


def _drop_addresses(before: core.ServiceSpec, after: core.ServiceSpec) -> None:
    if (before.cluster_ip, list(before.cluster_ips)) == (after.cluster_ip, list(after.cluster_ips)):
        after.ClearField("cluster_ip")
        after.ClearField("cluster_ips")
    for name in ("ip_families", "ip_family_policy", "internal_traffic_policy"):
        _drop(before, after, name)


def _drop(before: core.ServiceSpec, after: core.ServiceSpec, name: str) -> None:
    if getattr(before, name) == getattr(after, name):
        after.ClearField(name)  # type: ignore[arg-type]


def _node_ports(spec: core.ServiceSpec) -> list[int]:
    return [port.node_port for port in spec.ports]


def _is_reached_from_outside(spec: core.ServiceSpec) -> bool:
    return spec.type in _OUTSIDE or bool(spec.external_ips)


def _checks_health(spec: core.ServiceSpec) -> bool:
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"
