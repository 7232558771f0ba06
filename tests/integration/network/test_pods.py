"""Pods' links: plugging in, out, and finding them again."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from dataplane.network import links, namespaces
from dataplane.network.errors import NetworkError
from dataplane.network.netlink import open_route
from dataplane.network.node import NodeNetwork
from tests.integration.network.conftest import POD_PORT, Cluster, Node, ask
from tests.support import netns
from tests.support.waiting import eventually_sync


def links_of(node: Node) -> dict[str, links.PodLink]:
    def look() -> dict[str, links.PodLink]:
        with open_route() as route:
            return links.pod_links(route)

    found: dict[str, links.PodLink] = node.call(look)
    return found


def text_of(node: Node, *command: str) -> str:
    wrapped = ["nsenter", f"--net={node.namespace}", *command]
    return subprocess.run(wrapped, capture_output=True, text=True, check=True).stdout


def test_a_pod_gets_an_address_of_its_nodes_range_and_is_reached_there(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")
    assert pod.address.startswith("10.245.1.")
    (answer,) = ask(pod.address, POD_PORT, namespace=node.namespace)
    assert (answer["name"], answer["seen"]) == ("a", node.ip)


def test_plugging_in_again_changes_nothing(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")
    before = links_of(node)
    assert node.call(lambda: node.network.plug("a", pod.process.pid)) == pod.address
    assert links_of(node) == before


def test_a_new_process_finds_pods_and_their_addresses(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pods = [cluster.start_pod(node, uid) for uid in ("a", "b")]
    node.take_over()
    assert node.call(node.network.addresses) == {pod.uid: pod.address for pod in pods}
    assert node.call(lambda: node.network.plug("b", pods[1].process.pid)) == pods[1].address
    later = cluster.start_pod(node, "c")
    assert later.address not in {pod.address for pod in pods}


def test_a_pod_whose_sandbox_is_made_anew_keeps_its_address(cluster: Cluster) -> None:
    """While the old namespace still lives; once that is gone the kernel has removed the link, and the record with it."""
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")
    with netns.process(["sleep", "60"], new_network=True) as sandbox:
        own = namespaces.of_process(sandbox.pid)
        eventually_sync(lambda: own.stat().st_ino != Path("/proc/self/ns/net").stat().st_ino)
        assert node.call(lambda: node.network.plug("a", sandbox.pid)) == pod.address
        assert len(links_of(node)) == 1


def test_unplugging_frees_everything_and_may_be_repeated(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")
    node.call(lambda: node.network.unplug("a"))
    node.call(lambda: node.network.unplug("a"))
    assert node.call(node.network.addresses) == {}
    assert pod.address not in text_of(node, "ip", "route")
    assert pod.address not in text_of(node, "ip", "neigh")
    assert not list(node.pin.glob("links-*/pod*"))


def test_an_address_rests_before_it_is_given_again(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    with cluster.pod(node, "a") as first:
        pass
    with cluster.pod(node, "b") as second:
        assert second.address != first.address


def test_a_half_made_link_is_made_again(cluster: Cluster) -> None:
    """As a crash between two steps leaves it: the link is there, the address not yet."""
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")

    def spoil() -> None:
        with open_route() as route:
            route.route("del", dst=f"{pod.address}/32", scope=253)

    node.call(spoil)
    assert node.call(node.network.addresses) == {}
    address = node.call(lambda: node.network.plug("a", pod.process.pid))
    (answer,) = ask(address, POD_PORT, namespace=node.namespace)
    assert answer["name"] == "a"


def test_a_process_that_is_gone_is_an_error_that_names_the_pod(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    with netns.process(["true"]) as gone:
        gone.wait()
    with pytest.raises(NetworkError, match="connect pod a"):
        node.call(lambda: node.network.plug("a", gone.pid))
    assert node.call(node.network.addresses) == {}


def test_the_ports_that_a_pod_listens_at_are_found(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")
    eventually_sync(lambda: node.call(lambda: node.network.listening(pod.process.pid)) == frozenset({POD_PORT}))


def test_connections_of_clients_are_counted_until_they_close(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    pod = cluster.start_pod(node, "a")

    def count() -> int:
        found: int = node.call(lambda: node.network.connections(pod.process.pid))
        return found

    def connect() -> list[socket.socket]:
        return [socket.create_connection((pod.address, POD_PORT), timeout=3) for _ in range(3)]

    assert count() == 0
    clients = node.call(connect)
    eventually_sync(lambda: count() == 3)
    clients.pop().close()
    eventually_sync(lambda: count() == 2)
    for client in clients:
        client.close()
    eventually_sync(lambda: count() == 0)


def test_nothing_is_left_to_packet_filters(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    cluster.serve(cluster.start_pod(node, "a"))
    for table in ("filter", "nat", "mangle"):
        rules = text_of(node, "iptables", "-t", table, "-S").splitlines()
        assert [rule for rule in rules if not rule.startswith("-P")] == []


def test_a_pod_range_outside_the_clusters_is_refused(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    with pytest.raises(NetworkError, match="not within"):
        node.call(lambda: node.network.set_pod_cidr("10.99.0.0/24"))


def test_calls_before_the_start_say_so(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    fresh: NodeNetwork = node.call(node.make)
    with pytest.raises(RuntimeError, match="start"):
        node.call(fresh.counts)
