"""An agent in the test's own process: on the real API server and real Docker, with a network that only keeps books."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.server.pki import Identity, issue
from dataplane.agent.agent import run_agent
from dataplane.agent.config import AgentConfig, Credentials
from dataplane.network import desired
from dataplane.runtime import cgroups
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.engine import Engine
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.support.docker import BUSYBOX, DOCKER, new_node_name
from tests.support.etcd import free_port
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

NODE_PREFIX = "agent-test"
CIDR = "10.244.7.0/24"
FOREVER = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done")


@dataclass
class BookNetwork:
    """Gives out addresses and counts what the test says. Outlives agents, as a kernel does."""

    given: dict[str, str] = field(default_factory=dict)
    tables: desired.Tables | None = None
    others: Sequence[desired.Peer] = ()
    open_connections: int = 0
    served: set[int] = field(default_factory=set)
    unplugged: list[str] = field(default_factory=list)
    used: int = 1

    def start(self) -> None: ...

    def set_pod_cidr(self, cidr: str) -> None: ...

    def plug(self, pod_uid: str, pid: int) -> str:
        assert Path(f"/proc/{pid}/ns/net").exists()
        if pod_uid not in self.given:
            self.used += 1
            self.given[pod_uid] = f"10.244.7.{self.used}"
        return self.given[pod_uid]

    def unplug(self, pod_uid: str) -> None:
        if self.given.pop(pod_uid, None):
            self.unplugged.append(pod_uid)

    def addresses(self) -> Mapping[str, str]:
        return dict(self.given)

    def connections(self, pid: int) -> int:
        return self.open_connections

    def listening(self, pid: int) -> frozenset[int]:
        return frozenset(self.served)

    def program(self, tables: desired.Tables) -> None:
        self.tables = tables

    def peers(self, peers: Sequence[desired.Peer]) -> None:
        self.others = peers

    def stop(self) -> None: ...


@dataclass
class Node:
    """A node of the test's own. `running()` runs its agent; it may be run again."""

    name: str
    api: RunningApi
    client: Client
    state: Path
    network: BookNetwork = field(default_factory=BookNetwork)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        authority = self.api.etcd.pki.load("ca")
        assert authority is not None
        who = Identity(f"system:node:{self.name}", ("system:nodes",), (self.name, "127.0.0.1"))
        pair = issue(authority, who, datetime.datetime.now(datetime.UTC))
        self.state.mkdir(parents=True, exist_ok=True)
        for name, text in (("ca.crt", authority.certificate), ("node.crt", pair.certificate), ("node.key", pair.key)):
            (self.state / name).write_bytes(text)

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[DockerRuntime]:
        """The node's containers, without an agent."""
        engine = Engine(DOCKER)
        try:
            yield DockerRuntime(engine, node=self.name, cgroup=f"/orlop/{self.name}")
        finally:
            engine.close()

    @contextlib.asynccontextmanager
    async def running(
        self, *, registers: bool = True, shares_machine: bool = True, ahead_seconds: float = 0.0
    ) -> AsyncIterator[DockerRuntime]:
        """`ahead_seconds` is how far the agent's clock is before the others'."""
        config = AgentConfig(
            node=self.name, server=self.api.connection().address,
            credentials=Credentials(self.state / "ca.crt", self.state / "node.crt", self.state / "node.key"),
            node_ip="127.0.0.1", uplink="lo", state=self.state, cgroup=f"/orlop/{self.name}",
            service_cidr="10.96.0.0/16", cluster_cidr="10.244.0.0/16", port=self.port,
            shares_machine=shares_machine)  # fmt: skip
        async with contextlib.AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(self.engine())
            agent = run_agent(config, runtime, self.network, clock=lambda: time.time() + ahead_seconds)
            await stack.enter_async_context(running(agent, f"agent {self.name}"))
            if registers:
                await self.has_range()
            yield runtime

    async def has_range(self) -> None:
        """Does the node controller's part: the node gets a range, and then becomes ready."""

        async def registered() -> core.Node | None:
            listed = await self.client.list(registry.NODES)
            return next((node for node in listed.items if node.metadata.name == self.name), None)

        await eventually(registered)
        await self.client.patch(registry.NODES, self.name, "", {"spec": {"podCIDR": CIDR, "podCIDRs": [CIDR]}})

    def pod(self, name: str = "web", **spec: object) -> core.Pod:
        pod = core.Pod(metadata=meta.ObjectMeta(name=name, namespace="default"))
        pod.spec.CopyFrom(core.PodSpec(**spec))  # type: ignore[arg-type]
        if not pod.spec.containers:
            pod.spec.containers.append(container())
        pod.spec.node_name = self.name
        if not pod.spec.HasField("termination_grace_period_seconds"):
            pod.spec.termination_grace_period_seconds = 5
        return pod

    async def get(self, name: str = "web") -> core.Pod:
        return await self.client.get(registry.PODS, name, "default")

    async def reaches(self, phase: str, name: str = "web", *, ready: bool | None = None) -> core.Pod:
        async def check() -> core.Pod | None:
            pod = await self.get(name)
            told = next((one.status for one in pod.status.conditions if one.type == "Ready"), "False") == "True"
            good = pod.status.phase == phase and (ready is None or told == ready)
            assert good, f"{pod.status}"
            return pod

        found = await eventually(check, within=20)
        assert found is not None
        return found

    async def gone(self, name: str = "web") -> None:
        async def check() -> bool:
            listed = await self.client.list(registry.PODS, "default")
            return name not in {pod.metadata.name for pod in listed.items}

        await eventually(check, within=20)

    async def told(self, reason: str, words: str = "") -> core.Event:
        """The event of that reason whose message has those words, once there is one."""

        async def check() -> core.Event | None:
            events = (await self.client.list(registry.EVENTS, "default")).items
            found = next((event for event in events if event.reason == reason and words in event.message), None)
            assert found is not None, [event.reason for event in events]
            return found

        event = await eventually(check)
        assert event is not None
        return event

    def remains(self) -> list[str]:
        """What is left of pods on the machine: control groups and volumes."""
        groups = [str(path) for one in cgroups.hierarchies() for path in (one / "orlop" / self.name).glob("*-*")]
        folder = self.state / "volumes"
        return groups + ([str(path) for path in folder.iterdir()] if folder.exists() else [])


def container(name: str = "web", command: Sequence[str] = FOREVER, **more: object) -> core.Container:
    return core.Container(name=name, image=BUSYBOX, command=command, **more)  # type: ignore[arg-type]


def new_node(api: RunningApi, client: Client, state: Path) -> Node:
    return Node(new_node_name(NODE_PREFIX), api, client, state)


def root_ca(api: RunningApi) -> core.ConfigMap:
    """What the controller manager puts into every namespace, and every pod mounts."""
    authority = api.etcd.pki.load("ca")
    assert authority is not None
    metadata = meta.ObjectMeta(name="kube-root-ca.crt", namespace="default")
    return core.ConfigMap(metadata=metadata, data={"ca.crt": authority.certificate.decode()})
