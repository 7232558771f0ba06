"""Rules for NetworkPolicies: which pods, from and to whom, on which ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.containers import PROTOCOLS
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import Place
from controlplane.api.rules.probes import check_port_or_name
from protos.v1 import networking_pb2 as networking

_TYPES = ("Egress", "Ingress")


def check_network_policy(at: Place, policy: networking.NetworkPolicy) -> None:
    spec, place = policy.spec, at / "spec"
    check_selector(place / "podSelector", spec.pod_selector)
    for one, ingress in (place / "ingress").each(spec.ingress):
        _check_ports(one / "ports", ingress.ports)
        _check_peers(one / "from", ingress.from_)
    for one, egress in (place / "egress").each(spec.egress):
        _check_ports(one / "ports", egress.ports)
        _check_peers(one / "to", egress.to)
    if len(spec.policy_types) > len(_TYPES):
        (place / "policyTypes").invalid(list(spec.policy_types), "may not specify more than two policyTypes")
    for one, name in (place / "policyTypes").each(spec.policy_types):
        one.one_of(name, _TYPES)


def _check_ports(at: Place, ports: Iterable[networking.NetworkPolicyPort]) -> None:
    for place, port in at.each(ports):
        if port.HasField("protocol"):
            (place / "protocol").one_of(port.protocol, PROTOCOLS)
        if port.HasField("port"):
            check_port_or_name(place / "port", port.port)
        if port.HasField("end_port"):
            _check_end(place / "endPort", port)


def _check_end(at: Place, port: networking.NetworkPolicyPort) -> None:
    if not port.HasField("port"):
        at.invalid(port.end_port, "may not be specified when `port` is not specified")
    elif port.port.type:
        at.invalid(port.end_port, "may not be specified when `port` is non-numeric")
    elif port.end_port < port.port.int_val:
        at.invalid(port.end_port, "must be greater than or equal to `port`")
    else:
        at.between(port.end_port, 1, 65535)


def _check_peers(at: Place, peers: Iterable[networking.NetworkPolicyPeer]) -> None:
    for place, peer in at.each(peers):
        given = len(peer.ListFields())
        if not given:
            place.required("must specify a peer")
        elif given > 1 and peer.HasField("ip_block"):
            place.forbidden("may not specify both ipBlock and another peer")
        check_selector(place / "podSelector", peer.pod_selector)
        check_selector(place / "namespaceSelector", peer.namespace_selector)
        if peer.HasField("ip_block"):
            _check_block(place / "ipBlock", peer.ip_block)


def _check_block(at: Place, block: networking.IPBlock) -> None:
    (at / "cidr").needs(block.cidr, names.cidr)
    for place, hole in (at / "except").each(getattr(block, "except")):
        if wrong := names.cidr(hole):
            place.invalid(hole, wrong)
        elif not names.cidr(block.cidr) and not _is_inside(hole, block.cidr):
            place.invalid(hole, "must be a strict subset of `cidr`")


def _is_inside(hole: str, cidr: str) -> bool:
    inner, outer = ipaddress.ip_network(hole, strict=False), ipaddress.ip_network(cidr, strict=False)
    return inner.version == outer.version and inner != outer and inner.subnet_of(outer)  # type: ignore[arg-type]
