"""A machine's nodes as namespaces: made, kept, removed. And a node's removal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane.network import lab, namespaces
from dataplane.network.netlink import find_link, open_route
from dataplane.network.node import NodeNetwork, remove_node
from tests.support import netns, testrun

PREFIX, BRIDGE = "orlopl-", "orlopl0"
RANGE = ["172.30.200.0/24"]
NAME = "orlop-test-lab"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    lab.down(prefix=PREFIX, bridge=BRIDGE)
    netns.sweep(prefix=PREFIX, pins=NAME, cgroups=NAME)
    yield
    lab.down(prefix=PREFIX, bridge=BRIDGE)
    netns.sweep(prefix=PREFIX, pins=NAME, cgroups=NAME)


def up(*names: str) -> lab.Lab:
    return lab.up(names, prefix=PREFIX, bridge=BRIDGE, ranges=RANGE)


def link_names() -> set[str]:
    with open_route() as route:
        return {link.get("ifname") for link in route.link("dump")}


def mounts() -> list[str]:
    """Ours: namespaces of this test, and the folder they are in, as often as it is mounted."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted(place for place in places if place.endswith("/netns") or f"/netns/{PREFIX}" in place)


def test_addresses_stay_with_names() -> None:
    first = up("node-1", "node-2")
    assert first.gateway == "172.30.200.1"
    assert [node.address for node in first.nodes] == ["172.30.200.11", "172.30.200.12"]
    assert up("node-2", "blue").nodes[0] == first.nodes[1]
    assert up("node-1", "node-2") == first


def test_making_what_is_there_changes_nothing() -> None:
    up("node-1")
    before = link_names(), mounts()
    up("node-1")
    assert (link_names(), mounts()) == before


def test_nodes_reach_each_other_and_nothing_else() -> None:
    place, other = up("node-1", "node-2").nodes

    def look() -> list[str]:
        with open_route() as route:
            return [each.get("dst") or "default" for each in route.route("dump", family=2, table=254)]

    assert netns.run_in(namespaces.named(place.namespace), look) == ["172.30.200.0"]
    with netns.process(["sleep", "30"], namespace=namespaces.named(other.namespace)):
        assert netns.run_in(namespaces.named(place.namespace), lambda: answers(other.address))


def answers(address: str) -> bool:
    """Whether a machine is there: it resets connections to a port where nobody listens."""
    try:
        socket.create_connection((address, 9), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_node_whose_link_was_lost_gets_it_back() -> None:
    up("node-1")
    with open_route() as route:
        route.link("del", ifname=PREFIX + "node-1")
    (node,) = up("node-1").nodes
    assert node.address == "172.30.200.11"
    assert PREFIX + "node-1" in link_names()


def test_down_leaves_nothing_also_twice() -> None:
    links = link_names()
    up("node-1", "node-2", "a-node-with-a-long-name")
    lab.down(prefix=PREFIX, bridge=BRIDGE)
    lab.down(prefix=PREFIX, bridge=BRIDGE)
    assert namespaces.names(PREFIX) == []
    assert link_names() == links
    assert len(mounts()) == 1  # the folder, which iproute2 and others share


def test_down_while_processes_run_in_nodes_leaves_no_links() -> None:
    links = link_names()
    (node,) = up("node-1").nodes
    with netns.process(["sleep", "30"], namespace=namespaces.named(node.namespace)):
        lab.down(prefix=PREFIX, bridge=BRIDGE)
        assert link_names() == links


def test_a_removed_node_leaves_no_pins_links_routes_or_cgroup() -> None:
    (place,) = up("node-1").nodes
    cgroup, pin = netns.CGROUPS / NAME / "node-1", netns.BPFFS / NAME / "node-1"

    def live() -> None:
        network = NodeNetwork(
            node="node-1",
            uplink="eth0",
            node_ip=place.address,
            cgroup=cgroup,
            pin=pin,
            service_cidr="10.97.0.0/16",
            cluster_cidr="10.245.0.0/16",
            cache=testrun.CACHE,
        )
        network.start()
        network.set_pod_cidr("10.245.1.0/24")
        with netns.process(["sleep", "30"], new_network=True) as pod:
            network.plug("a", pod.pid)
            network.stop()
            remove_node("node-1", cgroup, pin)
            remove_node("node-1", cgroup, pin)

    def left() -> tuple[set[str], list[str], bool]:
        with open_route() as route:
            uplink = find_link(route, "eth0")
            assert uplink is not None
            routes = [each.get("dst") for each in route.route("dump", family=2, table=254)]
            return link_names(), routes, bool((uplink.get("xdp") or {}).get("attached"))

    home = namespaces.named(place.namespace)
    netns.run_in(home, live)
    assert netns.run_in(home, left) == ({"lo", "eth0"}, ["172.30.200.0"], False)
    assert not pin.exists()
    assert not cgroup.exists()
