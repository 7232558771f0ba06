"""Services, endpoints and endpoint slices in rows."""

from __future__ import annotations

from collections.abc import Container

from console.printers.ages import since
from console.printers.columns import NONE, Column, Table, at_most, labels, or_none
from controlplane.api.objects import is_terminating
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

UNSET = "<unset>"


def external_ip(service: core.Service) -> str:
    spec = service.spec
    if spec.type == "ExternalName":
        return spec.external_name
    given = list(spec.external_ips)
    if spec.type != "LoadBalancer":
        return or_none(",".join(given))
    balancers = sorted({entry.ip or entry.hostname for entry in service.status.load_balancer.ingress})
    return ",".join(balancers + given) or "<pending>"


def ports(of: core.ServiceSpec) -> str:
    """`80/TCP,443:30443/TCP`"""
    told = [f"{p.port}:{p.node_port}/{p.protocol}" if p.node_port else f"{p.port}/{p.protocol}" for p in of.ports]
    return or_none(",".join(told))


def endpoint_addresses(endpoints: core.Endpoints, port_names: Container[str] | None = None) -> str:
    """The ready addresses, of the named ports alone if any are named."""
    if not endpoints.subsets:
        return NONE
    told: list[str] = []
    for subset in endpoints.subsets:
        if not subset.ports:
            told += [address.ip for address in subset.addresses]
        for port in subset.ports:
            if port_names is None or port.name in port_names:
                told += [join_host_port(address.ip, port.port) for address in subset.addresses]
    return at_most(told)


def join_host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _service_cells(service: core.Service, now: float) -> tuple[str, ...]:
    return (
        service.metadata.name,
        service.spec.type,
        or_none(service.spec.cluster_ip),
        external_ip(service),
        ports(service.spec),
        since(service.metadata.creation_timestamp, now),
        labels(service.spec.selector),
    )


def _service_status(service: core.Service) -> str:
    if is_terminating(service):
        return "Terminating"
    return "Pending" if external_ip(service) == "<pending>" else "Active"


def _endpoints_cells(endpoints: core.Endpoints, now: float) -> tuple[str, ...]:
    return (endpoints.metadata.name, endpoint_addresses(endpoints), since(endpoints.metadata.creation_timestamp, now))


def _slice_cells(endpoint_slice: discovery.EndpointSlice, now: float) -> tuple[str, ...]:
    port_numbers = [str(port.port) if port.HasField("port") else "*" for port in endpoint_slice.ports]
    addresses = [address for endpoint in endpoint_slice.endpoints for address in endpoint.addresses]
    return (
        endpoint_slice.metadata.name,
        endpoint_slice.address_type,
        at_most(port_numbers) or UNSET,
        at_most(addresses) or UNSET,
        since(endpoint_slice.metadata.creation_timestamp, now),
    )


def _endpoints_status(endpoints: core.Endpoints) -> str:
    return "Ready" if any(subset.addresses for subset in endpoints.subsets) else "Empty"


def _slice_status(endpoint_slice: discovery.EndpointSlice) -> str:
    """`Ready` when an endpoint takes traffic. An unset condition counts as true, as its documentation asks."""
    ready = any(not e.conditions.HasField("ready") or e.conditions.ready for e in endpoint_slice.endpoints)
    return "Ready" if ready else "Empty"


SERVICES = Table(
    (
        Column("NAME"),
        Column("TYPE", priority=1),
        Column("CLUSTER-IP"),
        Column("EXTERNAL-IP", priority=2),
        Column("PORT(S)"),
        Column("AGE", priority=1),
        Column("SELECTOR", wide=True, priority=3),
    ),
    _service_cells,
    _service_status,
)
ENDPOINTS = Table(
    (Column("NAME"), Column("ENDPOINTS"), Column("AGE", priority=1)),
    _endpoints_cells,
    _endpoints_status,
)
ENDPOINT_SLICES = Table(
    (
        Column("NAME"),
        Column("ADDRESSTYPE", priority=2),
        Column("PORTS"),
        Column("ENDPOINTS"),
        Column("AGE", priority=1),
    ),
    _slice_cells,
    _slice_status,
)
