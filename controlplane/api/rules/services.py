"""Rules for Services. What addresses and node ports are free is the allocator's business, not decided here."""

from __future__ import annotations

from controlplane.api import names
from controlplane.api.rules.containers import PROTOCOLS
from controlplane.api.rules.endpoints import check_address
from controlplane.api.rules.metadata import check_labels
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.probes import check_port_or_name
from protos.v1 import core_pb2 as core

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("SingleStack", "PreferDualStack", "RequireDualStack")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_HEADLESS = "None"
_AGENT_PORT = 10250
_DAY_SECONDS = 86400


def check_service(at: Place, service: core.Service) -> None:
    spec, place = service.spec, at / "spec"
    (place / "type").one_of(spec.type, _TYPES)
    check_labels(place / "selector", spec.selector)
    _check_ports(place / "ports", spec)
    _check_addresses(place, spec)
    _check_session(place, spec)
    _check_policies(place, spec)
    _check_balancer(place, spec)
    if spec.type == "ExternalName":
        name = spec.external_name.removesuffix(".")
        (place / "externalName").needs(name, names.dns_subdomain, "name the host that clients are sent to")


def _check_ports(at: Place, spec: core.ServiceSpec) -> None:
    if not spec.ports and spec.cluster_ip != _HEADLESS and spec.type != "ExternalName":
        at.required("name at least one port, or set clusterIP: None")
    for place, port in at.each(spec.ports):
        _check_port(place, port, spec)
    report_duplicates(at, [port.name for port in spec.ports], "name")
    _report_taken(at, [f"{port.port}/{port.protocol}" for port in spec.ports])
    report_duplicates(at, [port.node_port and f"{port.node_port}/{port.protocol}" for port in spec.ports], "nodePort")


def _report_taken(at: Place, ports: list[str]) -> None:
    for index, port in enumerate(ports):
        if port in ports[:index]:
            at[index].duplicate(port)


def _check_port(at: Place, port: core.ServicePort, spec: core.ServiceSpec) -> None:
    if port.name:
        (at / "name").check(port.name, names.dns_label)
    elif len(spec.ports) > 1:
        (at / "name").required("a service with several ports must name them all")
    (at / "port").between(port.port, 1, 65535)
    (at / "protocol").one_of(port.protocol, PROTOCOLS)
    check_port_or_name(at / "targetPort", port.target_port)
    if port.node_port and spec.type not in {"NodePort", "LoadBalancer"}:
        (at / "nodePort").forbidden(f"may not be used when `type` is '{spec.type}'")
    if spec.type == "LoadBalancer" and port.port == _AGENT_PORT:
        (at / "port").invalid(port.port, f"may not expose port {_AGENT_PORT} externally since it is used by kubelet")
    if port.HasField("app_protocol"):
        (at / "appProtocol").check(port.app_protocol, names.qualified_name)


def _check_addresses(at: Place, spec: core.ServiceSpec) -> None:
    _check_cluster_ips(at, spec)
    _check_families(at, spec)
    for place, address in (at / "externalIPs").each(spec.external_ips):
        check_address(place, address)
    for place, source in (at / "loadBalancerSourceRanges").each(spec.load_balancer_source_ranges):
        place.check(source.strip(), names.cidr)
    if spec.load_balancer_source_ranges and spec.type != "LoadBalancer":
        (at / "loadBalancerSourceRanges").forbidden("may only be used when `type` is 'LoadBalancer'")


def _check_families(at: Place, spec: core.ServiceSpec) -> None:
    families, policy = at / "ipFamilies", at / "ipFamilyPolicy"
    if spec.type == "ExternalName":
        if spec.ip_families:
            families.forbidden("may not be set for ExternalName services")
        if spec.HasField("ip_family_policy"):
            policy.forbidden("may not be set for ExternalName services")
        return
    for place, family in families.each(spec.ip_families):
        place.one_of(family, _FAMILIES)
    report_duplicates(families, list(spec.ip_families))
    if len(spec.ip_families) > len(_FAMILIES):
        families.invalid(list(spec.ip_families), f"may only hold up to {len(_FAMILIES)} values")
    if spec.HasField("ip_family_policy"):
        policy.one_of(spec.ip_family_policy, _FAMILY_POLICIES)
    if spec.ip_family_policy == "SingleStack":
        for field, values in (("ipFamilies", spec.ip_families), ("clusterIPs", spec.cluster_ips)):
            if len(values) > 1:
                policy.invalid(
                    spec.ip_family_policy,
                    f"must be RequireDualStack or PreferDualStack when multiple '{field}' are specified",
                )


def _check_cluster_ips(at: Place, spec: core.ServiceSpec) -> None:
    place = at / "clusterIP"
    if spec.type == "ExternalName":
        if spec.cluster_ip or spec.cluster_ips:
            place.forbidden("may not be set for ExternalName services")
        return
    if spec.cluster_ip == _HEADLESS and spec.type in {"NodePort", "LoadBalancer"}:
        place.invalid(spec.cluster_ip, f"may not be set to 'None' for {spec.type} services")
    if spec.cluster_ip not in {"", _HEADLESS} and names.ip_address(spec.cluster_ip):
        place.invalid(spec.cluster_ip, "must be empty, 'None', or a valid IP address")
    for one, address in (at / "clusterIPs").each(spec.cluster_ips):
        if address == _HEADLESS and len(spec.cluster_ips) > 1:
            one.invalid(address, "'None' must be the only value")
        elif address not in {_HEADLESS, spec.cluster_ip}:
            one.check(address, names.ip_address)
    if len(spec.cluster_ips) > len(_FAMILIES):
        (at / "clusterIPs").invalid(list(spec.cluster_ips), f"may only hold up to {len(_FAMILIES)} values")
    if spec.cluster_ips and spec.cluster_ips[0] != spec.cluster_ip:
        (at / "clusterIPs").invalid(list(spec.cluster_ips), "first value must match `clusterIP`")


def _check_session(at: Place, spec: core.ServiceSpec) -> None:
    (at / "sessionAffinity").one_of(spec.session_affinity, _AFFINITIES)
    if spec.session_affinity == "ClientIP" and spec.HasField("session_affinity_config"):
        seconds = spec.session_affinity_config.client_ip.timeout_seconds
        (at / "sessionAffinityConfig" / "clientIP" / "timeoutSeconds").between(seconds, 1, _DAY_SECONDS)
    if spec.session_affinity == "None" and spec.HasField("session_affinity_config"):
        (at / "sessionAffinityConfig").forbidden("must not be set when session affinity is None")


def _check_policies(at: Place, spec: core.ServiceSpec) -> None:
    outside = spec.type in {"NodePort", "LoadBalancer"} or bool(spec.external_ips)
    external = at / "externalTrafficPolicy"
    if spec.external_traffic_policy and not outside:
        external.invalid(spec.external_traffic_policy, "may only be set for externally-accessible services")
    elif outside:
        external.one_of(spec.external_traffic_policy, _POLICIES)
    if spec.HasField("internal_traffic_policy"):
        (at / "internalTrafficPolicy").one_of(spec.internal_traffic_policy, _POLICIES)
    if spec.health_check_node_port and not (spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"):
        (at / "healthCheckNodePort").invalid(
            spec.health_check_node_port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )


def _check_balancer(at: Place, spec: core.ServiceSpec) -> None:
    given = {
        "loadBalancerClass": spec.HasField("load_balancer_class"),
        "allocateLoadBalancerNodePorts": spec.HasField("allocate_load_balancer_node_ports"),
    }
    for field, is_set in given.items():
        if is_set and spec.type != "LoadBalancer":
            (at / field).forbidden("may only be used when `type` is 'LoadBalancer'")
    if given["loadBalancerClass"]:
        (at / "loadBalancerClass").needs(spec.load_balancer_class, names.qualified_name)
    if spec.HasField("traffic_distribution"):
        (at / "trafficDistribution").one_of(spec.traffic_distribution, _DISTRIBUTIONS)


def check_service_update(at: Place, old: core.Service, new: core.Service) -> None:
    """A service keeps its address as long as it has one at all."""
    before, after = old.spec, new.spec
    if before.type == after.type == "LoadBalancer" and before.load_balancer_class != after.load_balancer_class:
        (at / "spec" / "loadBalancerClass").invalid(after.load_balancer_class, "may not change once set")
    if before.health_check_node_port and after.health_check_node_port:
        (at / "spec" / "healthCheckNodePort").unchanged(before.health_check_node_port, after.health_check_node_port)
    if old.spec.cluster_ip and "ExternalName" not in {old.spec.type, new.spec.type}:
        (at / "spec" / "clusterIP").unchanged(old.spec.cluster_ip, new.spec.cluster_ip)
