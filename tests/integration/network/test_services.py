"""Services as their clients see them: from pods, from a node's shell, from outside, over the bridge."""

from __future__ import annotations

from collections import Counter

import pytest

from dataplane.network.desired import Frontend
from tests.integration.network.conftest import (
    CLUSTER_IP,
    NODE_PORT,
    PORT,
    Cluster,
    ask,
    ask_from_pod,
    ask_from_shell,
    client,
    names,
)


def test_a_cluster_ip_answers_pods_on_every_node(cluster: Cluster) -> None:
    one, two = cluster.nodes
    backends = [cluster.start_pod(one, "a"), cluster.start_pod(two, "b")]
    clients = [cluster.start_pod(one, "client-1"), cluster.start_pod(two, "client-2")]
    cluster.serve(*backends)
    for asking in clients:
        answers = ask_from_pod(asking, CLUSTER_IP, PORT, count=40)
        assert names(answers) == {"a", "b"}
        assert {answer["seen"] for answer in answers} == {asking.address}
        assert {answer["peer"] for answer in answers} == {f"{CLUSTER_IP}:{PORT}"}


def test_a_cluster_ip_answers_a_nodes_shell(cluster: Cluster) -> None:
    one, two = cluster.nodes
    cluster.serve(cluster.start_pod(one, "a"), cluster.start_pod(two, "b"))
    for node in cluster.nodes:
        assert names(ask_from_shell(node, CLUSTER_IP, PORT, count=40)) == {"a", "b"}


def test_a_node_port_answers_from_outside_whichever_node_is_asked(cluster: Cluster) -> None:
    """Of a backend on the node itself the client's own address is seen, of one elsewhere the node's."""
    one, two = cluster.nodes
    cluster.serve(cluster.start_pod(one, "a"), cluster.start_pod(two, "b"))
    for node, local, remote in ((one, "a", "b"), (two, "b", "a")):
        answers = ask(node.ip, NODE_PORT, namespace=cluster.outside, count=60)
        assert names(answers) == {"a", "b"}
        seen = {(answer["name"], answer["seen"]) for answer in answers}
        assert seen == {(local, seen_address(seen, local)), (remote, node.ip)}
        assert seen_address(seen, local) != node.ip


def seen_address(seen: set[tuple[str, str]], name: str) -> str:
    return next(address for each, address in seen if each == name)


def test_a_node_port_answers_the_machine_itself_over_the_bridge(cluster: Cluster) -> None:
    one, two = cluster.nodes
    cluster.serve(cluster.start_pod(one, "a"), cluster.start_pod(two, "b"))
    for node in cluster.nodes:
        assert names(ask(node.ip, NODE_PORT, count=40)) == {"a", "b"}


def test_a_node_port_of_any_node_answers_pods(cluster: Cluster) -> None:
    one, _two = cluster.nodes
    pod = cluster.start_pod(one, "a")
    cluster.serve(pod)
    for node in cluster.nodes:
        assert names(ask_from_pod(pod, node.ip, NODE_PORT, count=3)) == {"a"}


def test_datagrams_find_backends_and_answers_come_from_the_service(cluster: Cluster) -> None:
    one, two = cluster.nodes
    backends = [cluster.start_pod(one, "a"), cluster.start_pod(two, "b")]
    asking = cluster.start_pod(one, "client")
    cluster.serve(*backends, protocol="UDP")
    inside = ask_from_pod(asking, CLUSTER_IP, PORT, count=40, udp=True)
    assert names(inside) == {"a", "b"}
    assert {answer["peer"] for answer in inside} == {f"{CLUSTER_IP}:{PORT}"}
    outside = ask(one.ip, NODE_PORT, namespace=cluster.outside, count=60, udp=True)
    assert names(outside) == {"a", "b"}
    assert {answer["peer"] for answer in outside} == {f"{one.ip}:{NODE_PORT}"}


@pytest.mark.parametrize("udp", [False, True], ids=["TCP", "UDP"])
def test_sockets_of_ipv6_find_services_by_mapped_addresses(cluster: Cluster, udp: bool) -> None:
    """Java, for one, opens no others."""
    one, two = cluster.nodes
    asking = cluster.start_pod(one, "client")
    cluster.serve(cluster.start_pod(one, "a"), cluster.start_pod(two, "b"), protocol="UDP" if udp else "TCP")
    mapped = f"::ffff:{CLUSTER_IP}"
    answers = ask_from_pod(asking, mapped, PORT, count=40, udp=udp)
    assert names(answers) == {"a", "b"}
    assert {answer["peer"] for answer in answers} == {f"{mapped}:{PORT}"}
    cluster.serve(protocol="UDP" if udp else "TCP")
    (answer,) = ask_from_pod(asking, mapped, PORT, udp=udp)
    assert answer["error"] == "ConnectionRefusedError"


def test_a_pod_reaches_itself_through_its_own_service(cluster: Cluster) -> None:
    pod = cluster.start_pod(cluster.nodes[0], "a")
    cluster.serve(pod)
    assert names(ask_from_pod(pod, CLUSTER_IP, PORT, count=3)) == {"a"}


def test_connections_are_spread_over_the_backends(cluster: Cluster) -> None:
    one, two = cluster.nodes
    cluster.serve(cluster.start_pod(one, "a"), cluster.start_pod(two, "b"), cluster.start_pod(two, "c"))
    for answers in (
        ask(one.ip, NODE_PORT, namespace=cluster.outside, count=300),
        ask_from_shell(one, CLUSTER_IP, PORT, count=300),
    ):
        spread = Counter(answer["name"] for answer in answers)
        assert sum(spread.values()) == 300
        assert max(spread.values()) <= 150


@pytest.mark.parametrize("udp", [False, True], ids=["TCP", "UDP"])
def test_without_backends_clients_inside_are_refused_at_once(cluster: Cluster, udp: bool) -> None:
    asking = cluster.start_pod(cluster.nodes[0], "client")
    cluster.serve(protocol="UDP" if udp else "TCP")
    (answer,) = ask_from_pod(asking, CLUSTER_IP, PORT, udp=udp)
    assert answer["error"] == "ConnectionRefusedError"
    assert float(answer["after"]) < 0.5
    assert cluster.nodes[0].counts()["socket_refused"] >= 1


def test_without_backends_clients_outside_are_refused_at_once(cluster: Cluster) -> None:
    cluster.serve()
    (answer,) = ask(cluster.nodes[0].ip, NODE_PORT, namespace=cluster.outside)
    assert answer["error"] == "ConnectionRefusedError"
    assert float(answer["after"]) < 0.5


def test_an_address_of_the_service_range_without_a_service_is_refused_at_once(cluster: Cluster) -> None:
    asking = cluster.start_pod(cluster.nodes[0], "client")
    (answer,) = ask_from_pod(asking, "10.97.0.99", PORT)
    assert "error" in answer
    assert float(answer["after"]) < 0.5


def test_pods_of_different_nodes_reach_each_other_directly(cluster: Cluster) -> None:
    one, two = cluster.nodes
    a, b = cluster.start_pod(one, "a"), cluster.start_pod(two, "b")
    (answer,) = ask_from_pod(a, b.address, 8080)
    assert (answer["name"], answer["seen"]) == ("b", a.address)


@pytest.mark.parametrize("backend", [0, 1], ids=["on the node asked", "on another node"])
def test_much_data_flows_whole_through_a_node_port(cluster: Cluster, backend: int) -> None:
    """A pod sends long segments and leaves checksums to the device: a translation easily spoils both."""
    cluster.serve(cluster.start_pod(cluster.nodes[backend], "big"))
    result = client("send", cluster.nodes[0].ip, str(NODE_PORT), str(8 << 20), namespace=cluster.outside)
    assert result["right"], result


def test_counters_tell_who_served_and_what_became_of_packets(cluster: Cluster) -> None:
    one, two = cluster.nodes
    a, b = cluster.start_pod(one, "a"), cluster.start_pod(two, "b")
    cluster.serve(a, b)
    before = one.counts()
    ask(one.ip, NODE_PORT, namespace=cluster.outside, count=30)
    ask_from_pod(a, CLUSTER_IP, PORT, count=30)
    counts = one.call(one.network.counts)
    gained = {name: count - before[name] for name, count in counts.verdicts.items()}
    assert gained["socket_translated"] == 30
    assert gained["xdp_to_pod"] > 30
    assert gained["xdp_to_node"] > 30
    by_address = {member.address: traffic for member, traffic in counts.backends.items()}
    assert by_address[a.address].connections + by_address[b.address].connections == 60
    assert counts.services[Frontend(CLUSTER_IP, PORT, "TCP")].connections == 60
