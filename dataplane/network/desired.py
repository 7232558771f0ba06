"""What a node's data plane should hold, decided from Services, EndpointSlices and Nodes alone. Pure.

`tables` answers "which address and port leads to which backends", `peers` "which pod range is behind which node". Both are
ordered, so the same objects always give the same value and every node numbers a service's backends alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

SERVICE_NAME = "kubernetes.io/service-name"

Protocol: TypeAlias = Literal["TCP", "UDP"]


class Frontend(NamedTuple):
    """Where a service is reached. The empty address stands for "any node's address": a node port."""

    address: str
    port: int
    protocol: Protocol


class Backend(NamedTuple):
    """Where a service's traffic may go. `local`: the pod runs on this very node."""

    address: str
    port: int
    local: bool = False


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of one Service. `name` is for people: `default/httpd:http`. Both tuples are sorted and free of doubles."""

    name: str
    frontends: tuple[Frontend, ...]
    backends: tuple[Backend, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything the programs need. No frontend occurs twice; `node_addresses` are those that answer at node ports."""

    services: tuple[ServicePort, ...] = ()
    node_addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Peer:
    """Another node: its pods' range is reached through its address."""

    node: str
    ip: str
    pod_cidr: str


def tables(
    services: Iterable[core.Service], slices: Iterable[discovery.EndpointSlice], nodes: Iterable[core.Node], *, node: str
) -> Tables:
    """The tables of `node`. Of two Services that claim the same frontend, the first by namespace and name has it."""
    slices_of = _slices_by_service(slices)
    taken: set[Frontend] = set()
    entries = []
    for service in sorted(services, key=lambda each: (each.metadata.namespace, each.metadata.name)):
        own = slices_of.get((service.metadata.namespace, service.metadata.name), [])
        for port in service.spec.ports:
            frontends = tuple(sorted(each for each in frontends_of(service.spec, port) if each not in taken))
            if not frontends:
                continue
            taken.update(frontends)
            name = f"{service.metadata.namespace}/{service.metadata.name}:{port.name or port.port}"
            entries.append(ServicePort(name, frontends, backends_of(port, own, node=node)))
    addresses = (internal_ip(each) for each in nodes)
    return Tables(tuple(entries), frozenset(address for address in addresses if address))


def peers(nodes: Iterable[core.Node], node: str) -> list[Peer]:
    """The other nodes that have both an address and a pod range, sorted by name."""
    return sorted(
        Peer(each.metadata.name, address, each.spec.pod_cidr)
        for each in nodes
        if each.metadata.name != node and each.spec.pod_cidr and (address := internal_ip(each))
    )


def internal_ip(node: core.Node) -> str:
    """The node's first InternalIP of IPv4, or the empty string."""
    for address in node.status.addresses:
        if address.type == "InternalIP" and ":" not in address.address:
            return address.address
    return ""


def frontends_of(spec: core.ServiceSpec, port: core.ServicePort) -> Iterator[Frontend]:
    """Where this port is served: the cluster IP, unless headless, and the node port, if it has one."""
    protocol = _protocol(port.protocol)
    if protocol is None or spec.type == "ExternalName":
        return
    if spec.cluster_ip not in ("", "None") and ":" not in spec.cluster_ip:
        yield Frontend(spec.cluster_ip, port.port, protocol)
    if port.node_port:
        yield Frontend("", port.node_port, protocol)


def backends_of(port: core.ServicePort, slices: Sequence[discovery.EndpointSlice], *, node: str) -> tuple[Backend, ...]:
    """The endpoints that take this port's traffic: the ready ones; while there are none, those that shut down but still
    serve (https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints)."""
    ready: set[Backend] = set()
    terminating: set[Backend] = set()
    for endpoint, number in _endpoints(port, slices):
        backend = Backend(endpoint.addresses[0], number, endpoint.node_name == node)
        conditions = endpoint.conditions
        if conditions.ready or not conditions.HasField("ready"):
            ready.add(backend)
        elif conditions.serving and conditions.terminating:
            terminating.add(backend)
    return tuple(sorted(ready or terminating))


def _endpoints(
    port: core.ServicePort, slices: Sequence[discovery.EndpointSlice]
) -> Iterator[tuple[discovery.Endpoint, int]]:
    """Each endpoint with the number at which it offers the port. Slices name ports as the Service does."""
    for each in slices:
        for offered in each.ports:
            if offered.name != port.name or _protocol(offered.protocol) != _protocol(port.protocol) or not offered.port:
                continue
            for endpoint in each.endpoints:
                if endpoint.addresses:
                    yield endpoint, offered.port


def _slices_by_service(
    slices: Iterable[discovery.EndpointSlice],
) -> Mapping[tuple[str, str], list[discovery.EndpointSlice]]:
    found = defaultdict(list)
    for each in slices:
        service = each.metadata.labels.get(SERVICE_NAME)
        if service and each.address_type in ("", "IPv4"):
            found[each.metadata.namespace, service].append(each)
    return found


def _protocol(text: str) -> Protocol | None:
    match text:
        case "" | "TCP":
            return "TCP"
        case "UDP":
            return "UDP"
        case _:
            return None
