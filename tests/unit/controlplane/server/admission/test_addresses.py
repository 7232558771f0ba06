"""Which addresses and ports a service gets."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from controlplane.server.admission import addresses
from controlplane.server.admission.addresses import Ranges
from protos.v1 import core_pb2 as core
from tests.support.builders import make_service, make_service_port

RANGES = Ranges(IPv4Network("10.96.0.0/24"), 30000, 30003)


def first(_below: int) -> int:
    return 0


def service(name: str = "web", **kwargs: object) -> core.Service:
    return make_service(name=name, cluster_ip="", **kwargs)  # type: ignore[arg-type]


def test_the_first_addresses_are_kept_for_fixed_use() -> None:
    made = service()
    addresses.allocate(made, None, [], RANGES, first)
    assert made.spec.cluster_ip == "10.96.0.11"
    assert list(made.spec.cluster_ips) == ["10.96.0.11"]


def test_a_taken_address_is_passed_over() -> None:
    made = service()
    addresses.allocate(made, None, [make_service(name="other", cluster_ip="10.96.0.11")], RANGES, first)
    assert made.spec.cluster_ip == "10.96.0.12"


def test_a_headless_service_gets_none_and_an_external_name_loses_its_own() -> None:
    headless = make_service(name="web", cluster_ip="None")
    addresses.allocate(headless, None, [], RANGES, first)
    assert headless.spec.cluster_ip == "None"
    external = make_service(name="web", type="ExternalName", cluster_ip="10.96.0.20")
    addresses.allocate(external, None, [], RANGES, first)
    assert external.spec.cluster_ip == ""


def test_ports_are_kept_over_an_update_and_given_up_with_the_type() -> None:
    old = service(type="NodePort", ports=[make_service_port(80, node_port=30002)])
    new = service(type="NodePort", ports=[make_service_port(80)])
    addresses.allocate(new, old, [], RANGES, first)
    assert new.spec.ports[0].node_port == 30002
    new.spec.type = "ClusterIP"
    addresses.allocate(new, new, [], RANGES, first)
    assert new.spec.ports[0].node_port == 0


def test_ports_of_one_service_differ() -> None:
    made = service(type="NodePort", ports=[make_service_port(80, name="a"), make_service_port(81, name="b")])
    addresses.allocate(made, None, [], RANGES, first)
    assert [port.node_port for port in made.spec.ports] == [30000, 30001]


def test_an_exhausted_range_is_told() -> None:
    others = [
        make_service(name=f"s{n}", type="NodePort", ports=[make_service_port(80, node_port=30000 + n)]) for n in range(4)
    ]
    with pytest.raises(addresses.ExhaustedError, match="all node ports from 30000 to 30003 are taken"):
        addresses.allocate(service(type="NodePort"), None, others, RANGES, first)


def test_values_outside_the_ranges_are_problems() -> None:
    made = make_service(type="NodePort", cluster_ip="10.97.0.1", ports=[make_service_port(80, node_port=80)])
    paths = [problem.path for problem in addresses.problems_of(made, RANGES)]
    assert paths == ["spec.clusterIP", "spec.ports[0].nodePort"]


def test_a_claim_tells_protocols_apart() -> None:
    made = make_service(cluster_ip="None", type="NodePort", ports=[make_service_port(53, node_port=30001, protocol="UDP")])
    assert {claim.value for claim in addresses.claims_of(made)} == {"30001-UDP"}
