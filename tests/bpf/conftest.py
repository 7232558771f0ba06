"""A node whose programs are loaded but attached to nothing: frames go in by BPF_PROG_TEST_RUN.

client 172.31.0.50 ─┐
                    ├─ 172.31.0.0/24 ─ node 172.31.0.11, pods 10.245.0.0/24
node 172.31.0.12 ───┘  (pods 10.245.1.0/24)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dataplane.bpf import compiler, filesystem, loader
from dataplane.bpf.bytecode import Compiled
from dataplane.network import balancer, ethtool, namespaces, sysctl, tables
from dataplane.network.desired import Backend, Frontend, Protocol, ServicePort, Tables
from dataplane.network.netlink import link_index, open_route
from tests.support import netns, testrun
from tests.support.packets import Packet, parse

PREFIX = "orlopb-"
PINS = "orlop-test-bpf"
NODE, OTHER_NODE, CLIENT = "172.31.0.11", "172.31.0.12", "172.31.0.50"
NODE_PORT = 30080
MACS = {NODE: "02:00:00:00:00:0b", OTHER_NODE: "02:00:00:00:00:0c", CLIENT: "02:00:00:00:00:32"}
LOCAL = Backend("10.245.0.2", 8080, local=True)
REMOTE = Backend("10.245.1.2", 8080)

# Small tables: what a test fills it should fill fast.
_SIZES = {"MAX_FLOWS": 4096, "MAX_SOCKETS": 64, "MAX_SERVICES": 256, "MAX_BACKENDS": 4096, "MAX_COUNTED": 256}


@dataclass
class Bench:
    """The loaded programs, and the interface frames seem to come in on. The test's thread is inside the node."""

    loaded: loader.Loaded
    interface: int
    state: balancer.State = field(default_factory=balancer.State)

    def serve(self, *backends: Backend, port: int = NODE_PORT, protocol: Protocol = "TCP") -> None:
        """Makes the maps hold one service with a node port."""
        service = ServicePort("default/web:http", (Frontend("", port, protocol),), tuple(sorted(backends)))
        self.program(Tables((service,), frozenset({NODE, OTHER_NODE})))

    def program(self, wanted: Tables) -> None:
        changes, self.state = balancer.plan(self.state, wanted, tables.limits(self.loaded.maps))
        tables.execute(changes, self.loaded.maps)

    def xdp(self, frame: bytes | Packet, *, repeat: int = 1) -> testrun.Outcome:
        return self._run("service_xdp", frame, repeat=repeat)

    def tc(self, frame: bytes | Packet) -> testrun.Outcome:
        return self._run("service_tc", frame)

    def sent(self, packet: Packet) -> Packet:
        """What the uplink's program makes of a packet."""
        return parse(self.xdp(packet).frame)

    def counts(self) -> dict[str, int]:
        """Outcomes counted so far, without those at zero."""
        return {name: count for name, count in self.gathered().verdicts.items() if count}

    def gathered(self) -> tables.Counts:
        return tables.counts(self.loaded.maps, self.state)

    def flows(self) -> Mapping[tuple[object, ...], tuple[object, ...]]:
        return dict(self.loaded.maps["flows"].items())

    def forget(self) -> None:
        """Empties the flow table, as an overflow would."""
        self.loaded.maps["flows"].delete(list(self.flows()))

    def _run(self, program: str, frame: bytes | Packet, *, repeat: int = 1) -> testrun.Outcome:
        data = frame.frame() if isinstance(frame, Packet) else frame
        fd = self.loaded.programs[program]

        return testrun.run(fd, data, interface=self.interface, xdp=program == "service_xdp", repeat=repeat)


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    return compiler.compiled(testrun.CACHE, sizes=_SIZES)


@pytest.fixture(scope="session")
def node_namespace() -> Iterator[Path]:
    """The node's side: an uplink, a route to the other node's pods, and every neighbour known."""
    netns.sweep(prefix=PREFIX, pins=PINS)
    for name in ("node", "outside"):
        namespaces.create(PREFIX + name)
    path = namespaces.named(PREFIX + "node")
    netns.run_in(path, _wire)
    yield path
    netns.sweep(prefix=PREFIX, pins=PINS)


@pytest.fixture
def bench(compiled: Compiled, node_namespace: Path) -> Iterator[Bench]:
    pin = netns.BPFFS / PINS / "bench"
    loaded = loader.load(compiled, pin)
    try:
        loaded.maps["node_config"].update({(0,): (NODE,)})
        with namespaces.inside(node_namespace):
            yield Bench(loaded, _uplink())
    finally:
        loaded.close()
        filesystem.remove(pin)


def _uplink() -> int:
    with open_route() as route:
        return link_index(route, "eth0")


def _wire() -> None:
    with open_route() as route, namespaces.named(PREFIX + "outside").open("rb") as outside:
        route.link("add", ifname="eth0", kind="veth", peer={"ifname": "eth0", "net_ns_fd": outside.fileno()})
        index = link_index(route, "eth0")
        ethtool.set_gro("eth0", on=True)  # test runs ask for a receive queue that XDP knows
        route.link("set", index=index, address=MACS[NODE], state="up")
        route.addr("add", index=index, address=NODE, prefixlen=24)
        for neighbour in (OTHER_NODE, CLIENT):
            route.neigh("add", dst=neighbour, lladdr=MACS[neighbour], ifindex=index, state=0x80)
        with namespaces.inside(namespaces.named(PREFIX + "outside")), open_route() as other:
            other.link("set", index=link_index(other, "eth0"), state="up")
        route.route("add", dst="10.245.1.0/24", gateway=OTHER_NODE)
    sysctl.write("ipv4/ip_forward", 1)
