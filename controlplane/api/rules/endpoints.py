"""Rules for Endpoints and EndpointSlices: the addresses behind services."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.containers import PROTOCOLS
from controlplane.api.rules.places import Place, report_duplicates
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MOST_ENDPOINTS = 1000
_MOST_ADDRESSES = 100
_MOST_PORTS = 100


def check_endpoints(at: Place, endpoints: core.Endpoints) -> None:
    for place, subset in (at / "subsets").each(endpoints.subsets):
        if not subset.addresses and not subset.not_ready_addresses:
            place.required("must specify `addresses` or `notReadyAddresses`")
        for field, addresses in (("addresses", subset.addresses), ("notReadyAddresses", subset.not_ready_addresses)):
            for one, address in (place / field).each(addresses):
                check_address(one / "ip", address.ip)
                if address.hostname:
                    (one / "hostname").check(address.hostname, names.dns_label)
                if address.HasField("node_name"):
                    (one / "nodeName").check(address.node_name, names.dns_subdomain)
        for one, port in (place / "ports").each(subset.ports):
            _check_port(one, port, is_only=len(subset.ports) == 1)


def _check_port(at: Place, port: core.EndpointPort, *, is_only: bool) -> None:
    if port.name:
        (at / "name").check(port.name, names.dns_label)
    elif not is_only:
        (at / "name").required()
    (at / "port").between(port.port, 1, 65535)
    (at / "protocol").one_of(port.protocol, PROTOCOLS)


def check_address(at: Place, text: str) -> None:
    """An address that can be reached from another machine."""
    if wrong := names.ip_address(text):
        at.invalid(text, wrong)
        return
    address = ipaddress.ip_address(text)
    if address.is_unspecified:
        at.invalid(text, f"may not be unspecified ({text})")
    if address.is_loopback:
        at.invalid(text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        at.invalid(text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if address.is_multicast:
        at.invalid(text, "may not be in the multicast range (224.0.0.0/4, ff00::/8)")


def check_endpoint_slice(at: Place, endpoint_slice: discovery.EndpointSlice) -> None:
    (at / "addressType").one_of(endpoint_slice.address_type, _ADDRESS_TYPES)
    if len(endpoint_slice.endpoints) > _MOST_ENDPOINTS:
        (at / "endpoints").too_many(len(endpoint_slice.endpoints), _MOST_ENDPOINTS)
    for place, endpoint in (at / "endpoints").each(endpoint_slice.endpoints):
        _check_endpoint(place, endpoint, endpoint_slice.address_type)
    _check_slice_ports(at / "ports", endpoint_slice.ports)


def _check_endpoint(at: Place, endpoint: discovery.Endpoint, address_type: str) -> None:
    addresses = at / "addresses"
    if not endpoint.addresses:
        addresses.required("must contain at least 1 address")
    if len(endpoint.addresses) > _MOST_ADDRESSES:
        addresses.too_many(len(endpoint.addresses), _MOST_ADDRESSES)
    for place, address in addresses.each(endpoint.addresses):
        _check_typed_address(place, address, address_type)
    if endpoint.HasField("hostname"):
        (at / "hostname").check(endpoint.hostname, names.dns_label)
    if endpoint.HasField("node_name"):
        (at / "nodeName").check(endpoint.node_name, names.dns_subdomain)


def _check_typed_address(at: Place, address: str, address_type: str) -> None:
    if address_type == "FQDN":
        at.check(address, names.dns_subdomain)
    elif address_type in _ADDRESS_TYPES:
        if not names.ip_address(address) and f"IPv{ipaddress.ip_address(address).version}" != address_type:
            at.invalid(address, f"must be a valid {address_type} address")
        else:
            check_address(at, address)


def _check_slice_ports(at: Place, ports: Iterable[discovery.EndpointPort]) -> None:
    named = list(ports)
    if len(named) > _MOST_PORTS:
        at.too_many(len(named), _MOST_PORTS)
    for place, port in at.each(named):
        if port.name:
            (place / "name").check(port.name, names.dns_label)
        elif len(named) > 1:
            (place / "name").required()
        (place / "protocol").one_of(port.protocol, PROTOCOLS)
        if port.HasField("port"):
            (place / "port").between(port.port, 1, 65535)
    report_duplicates(at, [port.name for port in named], "name")


def check_endpoint_slice_update(at: Place, old: discovery.EndpointSlice, new: discovery.EndpointSlice) -> None:
    (at / "addressType").unchanged(old.address_type, new.address_type)
