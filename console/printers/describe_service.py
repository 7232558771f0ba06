"""Services, endpoints and endpoint slices, told in full."""

from __future__ import annotations

from collections.abc import Iterable

from console.printers.columns import NONE, at_most, labels, or_none
from console.printers.containers import int_or_string
from console.printers.page import Page, event_lines, metadata_lines
from console.printers.related import Related
from console.printers.services import UNSET, join_host_port
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery


def service(of: core.Service, related: Related, now: float) -> str:
    page, spec = Page(), of.spec
    metadata_lines(page, of)
    page.field("Selector", labels(spec.selector))
    page.field("Type", spec.type)
    page.field_if("IP Family Policy", spec.ip_family_policy)
    page.field("IP Families", or_none(",".join(spec.ip_families)))
    page.field("IP", spec.cluster_ip)
    page.field("IPs", or_none(",".join(spec.cluster_ips)))
    page.field_if("External IPs", ",".join(spec.external_ips))
    page.field_if("Desired LoadBalancer IP", spec.load_balancer_ip)
    page.field_if("External Name", spec.external_name)
    page.field_if("LoadBalancer Ingress", ", ".join(i.ip or i.hostname for i in of.status.load_balancer.ingress))
    for port in spec.ports:
        _port(page, port, related.endpoint_slices)
    page.field("Session Affinity", spec.session_affinity)
    page.field_if("External Traffic Policy", spec.external_traffic_policy)
    page.field_if("Internal Traffic Policy", spec.internal_traffic_policy)
    page.field_if("HealthCheck NodePort", spec.health_check_node_port)
    page.field_if("LoadBalancer Source Ranges", ",".join(spec.load_balancer_source_ranges))
    event_lines(page, related.events, now)
    return page.text()


def endpoints(of: core.Endpoints, related: Related, now: float) -> str:
    page = Page()
    metadata_lines(page, of)
    page.line("Subsets:")
    for subset in of.subsets:
        page.field("Addresses", or_none(",".join(a.ip for a in subset.addresses)), 1)
        page.field("NotReadyAddresses", or_none(",".join(a.ip for a in subset.not_ready_addresses)), 1)
        if subset.ports:
            page.line("Ports:", 1)
            page.line("Name\tPort\tProtocol", 2)
            page.line("----\t----\t--------", 2)
        for port in subset.ports:
            page.line(f"{port.name or UNSET}\t{port.port}\t{port.protocol}", 2)
        page.line()
    event_lines(page, related.events, now)
    return page.text()


def endpoint_slice(of: discovery.EndpointSlice, related: Related, now: float) -> str:
    page = Page()
    metadata_lines(page, of)
    page.field("AddressType", of.address_type)
    if of.ports:
        page.line("Ports:")
        page.head("Name", "Port", "Protocol")
    else:
        page.line(f"Ports: {UNSET}")
    for port in of.ports:
        number = port.port if port.HasField("port") else UNSET
        page.line(f"{port.name or UNSET}\t{number}\t{port.protocol}", 1)
    page.line("Endpoints:" if of.endpoints else f"Endpoints: {NONE}")
    for endpoint in of.endpoints:
        _endpoint(page, endpoint)
    event_lines(page, related.events, now)
    return page.text()


def _port(page: Page, port: core.ServicePort, slices: Iterable[discovery.EndpointSlice]) -> None:
    name = port.name or UNSET
    page.line(f"Port:\t{name}\t{port.port}/{port.protocol}")
    page.field("TargetPort", f"{int_or_string(port.target_port)}/{port.protocol}")
    if port.node_port:
        page.line(f"NodePort:\t{name}\t{port.node_port}/{port.protocol}")
    page.field("Endpoints", or_none(at_most(list(_ready(port.name, slices)))))


def _ready(port_name: str, slices: Iterable[discovery.EndpointSlice]) -> Iterable[str]:
    for one in slices:
        numbers = [port.port for port in one.ports if port.name == port_name]
        for endpoint in one.endpoints:
            if not endpoint.conditions.HasField("ready") or endpoint.conditions.ready:
                for number in numbers:
                    yield from (join_host_port(address, number) for address in endpoint.addresses)


def _endpoint(page: Page, of: discovery.Endpoint) -> None:
    page.field("- Addresses", ", ".join(of.addresses), 1)
    page.line("Conditions:", 2)
    for name, field in (("Ready", "ready"), ("Serving", "serving"), ("Terminating", "terminating")):
        known = of.conditions.HasField(field)  # type: ignore[arg-type]
        page.field(name, str(getattr(of.conditions, field)).lower() if known else UNSET, 3)
    page.field("Hostname", of.hostname or UNSET, 2)
    if of.HasField("target_ref"):
        page.field("TargetRef", f"{of.target_ref.kind}/{of.target_ref.name}", 2)
    page.field("NodeName", of.node_name or UNSET, 2)
    page.field("Zone", of.zone or UNSET, 2)
