"""Two nodes and a machine outside, as namespaces on a bridge; pods are processes in namespaces of their own.

root namespace ── bridge ──┬── node-1 (pods 10.245.1.0/24)
                           ├── node-2 (pods 10.245.2.0/24)
                           └── outside
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dataplane.network import lab, namespaces
from dataplane.network.desired import Backend, Frontend, Peer, Protocol, ServicePort, Tables
from dataplane.network.node import NodeNetwork, remove_node
from tests.support import netns, testrun
from tests.support.waiting import eventually_sync

PREFIX, BRIDGE = "orlopi-", "orlopi0"
PINS = CGROUPS = "orlop-test-network"
SERVICE_CIDR, CLUSTER_CIDR = "10.97.0.0/16", "10.245.0.0/16"
CLUSTER_IP, PORT, NODE_PORT, POD_PORT = "10.97.0.10", 80, 30080, 8080
TRAFFIC = str(Path(netns.__file__).with_name("traffic.py"))

Answers = list[dict[str, str]]


@dataclass
class Pod:
    uid: str
    process: subprocess.Popen[str]
    node: Node
    address: str = ""


@dataclass
class Node:
    """One lab node with its network. Calls run in one thread that lives inside the node, as the agent's does."""

    name: str
    ip: str
    pod_cidr: str
    namespace: Path
    network: NodeNetwork = field(init=False)

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._inside = self.namespace
        self.take_over()

    @property
    def cgroup(self) -> Path:
        return netns.CGROUPS / CGROUPS / self.name

    @property
    def pin(self) -> Path:
        return netns.BPFFS / PINS / self.name

    def take_over(self) -> None:
        """A new process would do no more than this: it knows nothing of the one before, whose descriptors are closed."""
        before = getattr(self, "network", None)
        if before is not None:
            self.call(before.stop)
        self.network = self.call(self.make)
        self.call(lambda: self.network.start())
        self.call(lambda: self.network.set_pod_cidr(self.pod_cidr))

    def call(self, work: Any) -> Any:
        def inside() -> Any:
            with namespaces.inside(self.namespace):
                return work()

        return self._thread.submit(inside).result(timeout=60)

    def program(self, tables: Tables) -> None:
        self.call(lambda: self.network.program(tables))

    def counts(self) -> dict[str, int]:
        return dict(self.call(lambda: self.network.counts()).verdicts)

    def close(self) -> None:
        self.call(lambda: self.network.stop())
        self.call(lambda: remove_node(self.name, self.cgroup, self.pin))
        self._thread.shutdown()

    def make(self) -> NodeNetwork:
        return NodeNetwork(
            node=self.name,
            uplink="eth0",
            node_ip=self.ip,
            cgroup=self.cgroup,
            pin=self.pin,
            service_cidr=SERVICE_CIDR,
            cluster_cidr=CLUSTER_CIDR,
            cache=testrun.CACHE,
        )


@dataclass
class Cluster:
    nodes: tuple[Node, Node]
    outside: Path
    gateway: str
    stack: ExitStack

    @contextmanager
    def pod(self, node: Node, uid: str) -> Iterator[Pod]:
        """A pod that serves at POD_PORT under its uid, plugged into its node."""
        command = [sys.executable, TRAFFIC, "serve", uid, str(POD_PORT)]
        cgroup = node.cgroup / uid
        cgroup.mkdir(parents=True, exist_ok=True)
        with netns.process(command, new_network=True, cgroup=cgroup) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "serving\n"
            pod = Pod(uid, process, node)
            pod.address = node.call(lambda: node.network.plug(uid, process.pid))
            yield pod
        node.call(lambda: node.network.unplug(uid))
        eventually_sync(lambda: not netns.processes_in(cgroup))
        cgroup.rmdir()

    def start_pod(self, node: Node, uid: str) -> Pod:
        return self.stack.enter_context(self.pod(node, uid))

    def serve(self, *pods: Pod, protocol: Protocol = "TCP") -> None:
        """Tells both nodes that these pods are the service's backends."""
        for node in self.nodes:
            node.program(self.tables(*pods, protocol=protocol, node=node))

    def tables(self, *pods: Pod, node: Node, protocol: Protocol = "TCP") -> Tables:
        frontends = (Frontend("", NODE_PORT, protocol), Frontend(CLUSTER_IP, PORT, protocol))
        backends = tuple(sorted(Backend(pod.address, POD_PORT, pod.node is node) for pod in pods))
        service = ServicePort("default/web:http", frontends, backends)
        return Tables((service,), frozenset(each.ip for each in self.nodes))


def ask(
    host: str, port: int, *, namespace: Path | None = None, cgroup: Path | None = None, count: int = 1, udp: bool = False
) -> Answers:
    """What a client there hears."""
    answers: Answers = client(
        "ask", host, str(port), str(count), *(["udp"] if udp else []), namespace=namespace, cgroup=cgroup
    )
    return answers


def client(*arguments: str, namespace: Path | None = None, cgroup: Path | None = None) -> Any:
    """What the traffic program prints."""
    with netns.process([sys.executable, TRAFFIC, *arguments], namespace=namespace, cgroup=cgroup) as process:
        output, _ = process.communicate(timeout=60)
    return json.loads(output)


def ask_from_pod(pod: Pod, host: str, port: int, *, count: int = 1, udp: bool = False) -> Answers:
    return ask(
        host,
        port,
        namespace=namespaces.of_process(pod.process.pid),
        cgroup=pod.node.cgroup / pod.uid,
        count=count,
        udp=udp,
    )


def ask_from_shell(node: Node, host: str, port: int, *, count: int = 1, udp: bool = False) -> Answers:
    """As `orlop shell NODE -- ...` does: in the node's namespace and cgroup."""
    cgroup = node.cgroup / "shell"
    cgroup.mkdir(exist_ok=True)
    try:
        return ask(host, port, namespace=node.namespace, cgroup=cgroup, count=count, udp=udp)
    finally:
        eventually_sync(lambda: not netns.processes_in(cgroup))
        cgroup.rmdir()


@contextmanager
def load(host: str, port: int, **where: Path | None) -> Iterator[dict[str, int]]:
    """Traffic meanwhile; the dictionary is filled with its counts at the end of the block."""
    counts: dict[str, int] = {}
    command = [sys.executable, TRAFFIC, "load", host, str(port)]
    with netns.process(command, stdin=subprocess.PIPE, **where) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        yield counts
        output, _ = process.communicate("", timeout=30)
        counts.update(json.loads(output))


def errors(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name.startswith("error")}


def names(answers: Answers) -> set[str]:
    return {answer.get("name", str(answer)) for answer in answers}


def _sweep() -> None:
    lab.down(prefix=PREFIX, bridge=BRIDGE)
    netns.sweep(prefix=PREFIX, pins=PINS, cgroups=CGROUPS)


@pytest.fixture(scope="module")
def places() -> Iterator[lab.Lab]:
    _sweep()
    yield lab.up(["node-1", "node-2", "outside"], prefix=PREFIX, bridge=BRIDGE)
    _sweep()


@pytest.fixture(scope="module")
def nodes(places: lab.Lab) -> Iterator[tuple[Node, Node]]:
    made = []
    try:
        for number, place in enumerate(places.nodes[:2], 1):
            made.append(Node(place.name, place.address, f"10.245.{number}.0/24", namespaces.named(place.namespace)))
        one, two = made
        one.call(lambda: one.network.peers([Peer(two.name, two.ip, two.pod_cidr)]))
        two.call(lambda: two.network.peers([Peer(one.name, one.ip, one.pod_cidr)]))
        yield one, two
    finally:
        for node in made:
            node.close()


@pytest.fixture
def cluster(nodes: tuple[Node, Node], places: lab.Lab) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(nodes, namespaces.named(places.nodes[2].namespace), places.gateway, stack)
    for node in nodes:
        node.program(Tables())
