"""Which backends a service has, and which nodes are peers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.network.desired import Backend, Frontend, Peer, Tables, peers, tables
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery


def make_service(name: str = "httpd", *, ip: str = "10.96.0.10", node_port: int = 0, **spec: str) -> core.Service:
    service = core.Service()
    service.metadata.namespace, service.metadata.name = "default", name
    service.spec.cluster_ip = ip
    for field, value in spec.items():
        setattr(service.spec, field, value)
    service.spec.ports.add(name="http", port=80, node_port=node_port)
    return service


def make_slice(service: str = "httpd", *, port: int = 8080, port_name: str = "http") -> discovery.EndpointSlice:
    found = discovery.EndpointSlice(address_type="IPv4")
    found.metadata.namespace, found.metadata.name = "default", f"{service}-x"
    found.metadata.labels["kubernetes.io/service-name"] = service
    found.ports.add(name=port_name, port=port, protocol="TCP")
    return found


def add(
    to: discovery.EndpointSlice, address: str, *, node: str = "node-1", ready: bool | None = True, draining: bool = False
) -> None:
    endpoint = to.endpoints.add(addresses=[address], node_name=node)
    if ready is not None:
        endpoint.conditions.ready = ready
    if draining:
        endpoint.conditions.serving = True
        endpoint.conditions.terminating = True


def make_node(name: str, ip: str = "", cidr: str = "") -> core.Node:
    node = core.Node()
    node.metadata.name = name
    node.spec.pod_cidr = cidr
    if ip:
        node.status.addresses.add(type="Hostname", address=name)
        node.status.addresses.add(type="InternalIP", address=ip)
    return node


def backends(found: Tables) -> list[str]:
    return [backend.address for entry in found.services for backend in entry.backends]


def test_a_service_leads_from_cluster_ip_and_node_port_to_its_ready_endpoints() -> None:
    slices = make_slice()
    add(slices, "10.244.1.3", node="node-2")
    add(slices, "10.244.0.2", node="node-1")
    add(slices, "10.244.0.3", ready=False)
    nodes = [make_node("node-1", "172.30.0.11"), make_node("node-2", "172.30.0.12")]

    found = tables([make_service(node_port=30080, type="NodePort")], [slices], nodes, node="node-1")

    assert found.node_addresses == {"172.30.0.11", "172.30.0.12"}
    (entry,) = found.services
    assert entry.name == "default/httpd:http"
    assert entry.frontends == (Frontend("", 30080, "TCP"), Frontend("10.96.0.10", 80, "TCP"))
    assert entry.backends == (Backend("10.244.0.2", 8080, local=True), Backend("10.244.1.3", 8080))


def test_an_endpoint_whose_readiness_is_not_stated_is_ready() -> None:
    slices = make_slice()
    add(slices, "10.244.0.2", ready=None)
    assert backends(tables([make_service()], [slices], [], node="node-1")) == ["10.244.0.2"]


def test_endpoints_that_shut_down_serve_only_while_none_is_ready() -> None:
    slices = make_slice()
    add(slices, "10.244.0.2", ready=False, draining=True)
    assert backends(tables([make_service()], [slices], [], node="node-1")) == ["10.244.0.2"]
    add(slices, "10.244.0.3")
    assert backends(tables([make_service()], [slices], [], node="node-1")) == ["10.244.0.3"]


def test_a_service_without_endpoints_keeps_its_frontends() -> None:
    (entry,) = tables([make_service()], [], [], node="node-1").services
    assert entry.frontends
    assert entry.backends == ()


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(make_service(ip="None"), id="headless"),
        pytest.param(make_service(ip=""), id="no address yet"),
        pytest.param(make_service(type="ExternalName"), id="a name outside"),
        pytest.param(make_service(ip="fd00::1"), id="IPv6"),
    ],
)
def test_a_service_with_no_address_of_its_own_has_no_entry(service: core.Service) -> None:
    assert tables([service], [make_slice()], [], node="node-1").services == ()


@pytest.mark.parametrize(
    "slices",
    [
        pytest.param(make_slice(port_name="metrics"), id="another port"),
        pytest.param(make_slice("other"), id="another service"),
        pytest.param(make_slice(port=0), id="no number"),
    ],
)
def test_only_slices_of_the_service_and_the_port_count(slices: discovery.EndpointSlice) -> None:
    add(slices, "10.244.0.2")
    assert backends(tables([make_service()], [slices], [], node="node-1")) == []


def test_the_same_endpoint_in_two_slices_counts_once() -> None:
    one, two = make_slice(), make_slice()
    add(one, "10.244.0.2")
    add(two, "10.244.0.2")
    assert backends(tables([make_service()], [one, two], [], node="node-1")) == ["10.244.0.2"]


def test_tcp_and_udp_of_the_same_number_are_two_ports() -> None:
    service = make_service()
    service.spec.ports.add(name="dns", port=80, protocol="UDP")
    service.spec.ports.add(name="sctp", port=80, protocol="SCTP")
    found = tables([service], [], [], node="node-1")
    assert [entry.frontends[0].protocol for entry in found.services] == ["TCP", "UDP"]


def test_of_two_services_with_one_address_the_first_by_name_has_it() -> None:
    slices = make_slice("a")
    add(slices, "10.244.0.2")
    found = tables([make_service("b"), make_service("a")], [slices], [], node="node-1")
    assert [entry.name for entry in found.services] == ["default/a:http"]


def test_peers_are_the_other_nodes_with_an_address_and_a_range() -> None:
    nodes = [
        make_node("node-3", "172.30.0.13", "10.244.2.0/24"),
        make_node("node-1", "172.30.0.11", "10.244.0.0/24"),
        make_node("node-2", "172.30.0.12", "10.244.1.0/24"),
        make_node("no-range", "172.30.0.14"),
        make_node("no-address", cidr="10.244.9.0/24"),
    ]
    assert peers(nodes, "node-1") == [
        Peer("node-2", "172.30.0.12", "10.244.1.0/24"),
        Peer("node-3", "172.30.0.13", "10.244.2.0/24"),
    ]


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_tables_do_not_depend_on_the_order_of_objects(order: list[int], unready: set[int]) -> None:
    """Every node must number a service's backends alike, or two nodes send the same flow to different pods."""

    def build(numbers: list[int]) -> Tables:
        slices = make_slice()
        for number in numbers:
            add(slices, f"10.244.0.{number + 2}", ready=number not in unready)
        services = [make_service(f"s{number}", ip=f"10.96.0.{number + 1}") for number in numbers]
        return tables([*services, make_service()], [slices], [], node="node-1")

    assert build(order) == build(sorted(order))
