"""Many simulated nodes in one process: to the control plane they look like nodes, but there are no containers, no packets.

One informer watches all pods, statuses and leases are written in batches, and time comes from one clock, so that hundreds of
nodes with thousands of pods cost one process a fraction of a CPU. For tests of scale and for trying things out.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network

import structlog

from controlplane.api import errors, registry
from controlplane.api.objects import is_terminating
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.client.writes import create_write, update_write
from dataplane.agent.config import Credentials
from dataplane.agent.hollow_logs import hollow_logs
from dataplane.agent.hollow_stats import hollow_stats
from dataplane.agent.leases import DATAPLANE_REVISION, RENEW_SECONDS, node_lease
from dataplane.agent.machine import Machine
from dataplane.agent.nodestatus import Facts, new_node
from dataplane.agent.observed import Observed
from dataplane.agent.phases import TERMINAL
from dataplane.agent.plan import grace_seconds
from dataplane.agent.server import credentials, make_server
from dataplane.agent.specs import pod_name
from dataplane.agent.status import Host, pod_status
from dataplane.agent.statuses import PodWriter
from dataplane.runtime.types import ContainerRecord, PodRecord, SandboxRecord, State
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2
from protos.v1.resources_pb2 import WriteRequest

log = structlog.get_logger()

ADDRESS = "127.0.0.1"
_START_SECONDS = (0.3, 1.5)
_STOP_SECONDS = (0.05, 0.5)
_RETRY_SECONDS = 0.5
_NODE_INDEX = "node"
# Such a node has no data plane that could lag behind: it has always seen every revision.
_EVERY_REVISION = str(2**63 - 1)
_MACHINE = Machine(
    cpus=4, memory_bytes=16 << 30, disk_bytes=100 << 30, machine_id="hollow", system_uuid="hollow", boot_id="hollow",
    kernel="hollow", os_image="Hollow node", architecture="amd64")  # fmt: skip


@dataclass(frozen=True, slots=True)
class HollowConfig:
    """`credentials` are an administrator's: they write for every node."""

    nodes: int
    server: str
    credentials: Credentials
    prefix: str = "node-"
    port: int = 0
    seed: int = 1


@dataclass(slots=True)
class _Addresses:
    """The pod addresses of one node: given out in turn, so that one is not used again soon."""

    free: list[str]
    used: dict[str, str] = field(default_factory=dict)

    def take(self, uid: str) -> str:
        if uid not in self.used and self.free:
            self.used[uid] = self.free.pop(0)
        return self.used.get(uid, "")

    def claim(self, uid: str, address: str) -> None:
        """Notes what a pod has from an earlier run of this process."""
        if address in self.free:
            self.free.remove(address)
            self.used[uid] = address

    def give_back(self, uid: str) -> None:
        address = self.used.pop(uid, "")
        if address:
            self.free.append(address)


class HollowPods:
    """Pods that start and end by the clock. `due` moves them on; everything else only notes what is to come."""

    def __init__(
        self, informer: Informer[core.Pod], writer: PodWriter, *, prefix: str, clock: Callable[[], float], seed: int
    ) -> None:
        self._informer, self._writer, self._prefix, self._clock = informer, writer, prefix, clock
        self._random = random.Random(seed)
        self._agenda: list[tuple[float, str, str]] = []
        self._addresses: dict[str, _Addresses] = {}
        self._started: dict[str, float] = {}
        self._wake = asyncio.Event()
        informer.subscribe(self._changed)

    def set_pod_cidr(self, node: str, cidr: str) -> None:
        if cidr and node not in self._addresses:
            addresses = self._addresses[node] = _Addresses([str(one) for one in ip_network(cidr).hosts()][1:])
            for pod in self._informer:
                if pod.spec.node_name == node and pod.status.pod_ip:
                    addresses.claim(pod.metadata.uid, pod.status.pod_ip)

    async def run(self) -> None:
        while True:
            self._wake.clear()
            now = self._clock()
            while self._agenda and self._agenda[0][0] <= now:
                _, name, namespace = heapq.heappop(self._agenda)
                self._move_on(self._informer.get(name, namespace), now)
            try:
                async with asyncio.timeout(self._agenda[0][0] - now if self._agenda else None):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _changed(self, old: core.Pod | None, new: core.Pod | None) -> None:
        if new is None:
            assert old is not None
            self._started.pop(old.metadata.uid, None)
            if old.spec.node_name in self._addresses:
                self._addresses[old.spec.node_name].give_back(old.metadata.uid)
            return
        if not new.spec.node_name.startswith(self._prefix):
            return
        if is_terminating(new):
            if old is None or not is_terminating(old) or not grace_seconds(new):
                self._note(new, self._random.uniform(*_STOP_SECONDS) if grace_seconds(new) else 0.0)
        elif old is None and new.status.pod_ip:
            if new.spec.node_name in self._addresses:
                self._addresses[new.spec.node_name].claim(new.metadata.uid, new.status.pod_ip)
        elif (old is None or not old.spec.node_name) and new.status.phase not in TERMINAL:
            self._note(new, self._random.uniform(*_START_SECONDS))

    def _note(self, pod: core.Pod, seconds: float) -> None:
        heapq.heappush(self._agenda, (self._clock() + seconds, pod.metadata.name, pod.metadata.namespace))
        self._wake.set()

    def _move_on(self, pod: core.Pod | None, now: float) -> None:
        if pod is None:
            return
        if is_terminating(pod):
            self._writer.put_end(pod)
            return
        addresses = self._addresses.get(pod.spec.node_name)
        address = addresses.take(pod.metadata.uid) if addresses else ""
        if not address:
            self._note(pod, _RETRY_SECONDS)
            return
        observed = _running(pod, address, self._started.setdefault(pod.metadata.uid, now))
        self._writer.put_status(pod, pod_status(pod, observed, {}, host=Host(ADDRESS), now=now))


def _running(pod: core.Pod, address: str, started_at: float) -> Observed:
    """The pod as it looks once everything in it runs."""
    sandbox = SandboxRecord(f"{pod.metadata.uid}-sandbox", 0, State.RUNNING, pid=1, created_at=started_at)

    def run(container: core.Container, state: State) -> ContainerRecord:
        return ContainerRecord(
            id=f"{pod.metadata.uid}-{container.name}", name=container.name, sandbox=sandbox.id, state=state,
            image=container.image, image_id=f"hollow://{container.image}", started_at=started_at,
            finished_at=started_at, reason="Completed", is_init=state is State.EXITED)  # fmt: skip

    runs = [run(init, State.EXITED) for init in pod.spec.init_containers]
    runs += [run(container, State.RUNNING) for container in pod.spec.containers]
    return Observed(PodRecord(pod_name(pod), (sandbox,), tuple(runs)), address, plugged=True)


async def run_hollow(config: HollowConfig, *, clock: Callable[[], float] = time.time) -> None:
    """Runs until cancelled."""
    async with Client(config.credentials.connection(config.server)) as client:
        nodes = Informer(client, registry.NODES)
        informer = Informer(client, registry.PODS, indexes={_NODE_INDEX: lambda pod: (pod.spec.node_name,)})
        writer = PodWriter(client, refused=lambda uid: log.debug("write refused", pod_uid=uid))
        pods = HollowPods(informer, writer, prefix=config.prefix, clock=clock, seed=config.seed)
        nodes.subscribe(lambda _, new: pods.set_pod_cidr(new.metadata.name, new.spec.pod_cidr) if new else None)
        files = config.credentials

        async def stats(request: node_pb2.StatsRequest) -> node_pb2.StatsResponse:
            return hollow_stats(informer.by_index(_NODE_INDEX, request.node), clock())

        server = make_server(lambda request: hollow_logs(informer, request, clock=clock), stats)
        port = server.add_secure_port(
            f"{ADDRESS}:{config.port}",
            credentials(
                ca=files.ca.read_bytes(), certificate=files.certificate.read_bytes(), key=files.key.read_bytes()),
        )  # fmt: skip
        await server.start()
        try:
            names = [f"{config.prefix}{number}" for number in range(1, config.nodes + 1)]
            async with asyncio.TaskGroup() as group:
                group.create_task(_report_nodes(client, names, port, clock))
                for work in (nodes.run(), informer.run(), writer.run(), pods.run()):
                    group.create_task(work)
        finally:
            await server.stop(None)


async def _report_nodes(client: Client, names: list[str], port: int, clock: Callable[[], float]) -> None:
    """Registers the nodes, reports them as ready, and renews their leases."""
    facts = [Facts(name, ADDRESS, port, _MACHINE, "hollow://0.1.0", hostname="localhost") for name in names]
    await _all(client, lambda: [create_write(new_node(one, clock())) for one in facts])
    await _all(client, lambda: [update_write(new_node(one, clock()), "status") for one in facts])
    log.info("nodes registered", count=len(names))
    await _all(client, lambda: [create_write(_lease(name, clock())) for name in names])
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await _all(client, lambda: [update_write(_lease(name, clock())) for name in names])


def _lease(name: str, now: float) -> coordination.Lease:
    lease = node_lease(name, now)
    lease.metadata.annotations[DATAPLANE_REVISION] = _EVERY_REVISION
    return lease


async def _all(client: Client, writes: Callable[[], list[WriteRequest]]) -> None:
    """Tries until the server has taken or refused each write."""
    while True:
        try:
            outcomes = await client.batch(writes())
        except errors.StatusError as error:
            log.warning("nodes not reported", error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        refused: dict[str, int] = defaultdict(int)
        for outcome in outcomes:
            if isinstance(outcome, errors.StatusError) and not isinstance(outcome, errors.AlreadyExists):
                refused[str(outcome)] += 1
        if refused:
            log.warning("nodes refused", reasons=dict(refused))
        return
