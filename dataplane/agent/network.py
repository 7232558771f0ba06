"""The node's network as the agent uses it: one thread for its blocking calls, and tables that follow the cluster.

What changes in the cluster is gathered for a few milliseconds and then programmed at once. The revision of the
EndpointSlices that the maps stand for is told to `published`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import structlog

from controlplane.client.informer import Informer
from dataplane.network import desired
from dataplane.network.errors import NetworkError
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

log = structlog.get_logger()

R = TypeVar("R")

_GATHER_SECONDS = 0.005
_RETRY_SECONDS = 1.0


class NodeNetwork(Protocol):
    """A node's network. Blocking; used by one thread at a time."""

    def start(self) -> None: ...
    def set_pod_cidr(self, cidr: str) -> None: ...
    def plug(self, pod_uid: str, pid: int) -> str: ...
    def unplug(self, pod_uid: str) -> None: ...
    def addresses(self) -> Mapping[str, str]: ...
    def connections(self, pid: int) -> int: ...
    def listening(self, pid: int) -> frozenset[int]: ...
    def program(self, tables: desired.Tables) -> None: ...
    def peers(self, peers: Sequence[desired.Peer]) -> None: ...
    def stop(self) -> None: ...


class PodNetwork:
    """Pods' links. `addresses` is what the kernel has, kept here so that looking costs nothing."""

    def __init__(self, network: NodeNetwork) -> None:
        self.addresses: dict[str, str] = {}
        self.problem = "the node has no pod CIDR yet"
        self._network = network
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._cidr = ""

    @property
    def is_up(self) -> bool:
        return not self.problem

    async def start(self) -> None:
        """Takes over what is there. Raises NetworkError."""
        await self.call(self._network.start)

    async def set_pod_cidr(self, cidr: str) -> None:
        if cidr and cidr != self._cidr:
            await self.call(lambda: self._network.set_pod_cidr(cidr))
            self.addresses = dict(await self.call(self._network.addresses))
            self._cidr, self.problem = cidr, ""

    async def plug(self, pod_uid: str, pid: int) -> str:
        if self.problem:
            raise NetworkError(f"network is not ready: {self.problem}")
        address = await self.call(lambda: self._network.plug(pod_uid, pid))
        self.addresses[pod_uid] = address
        return address

    async def unplug(self, pod_uid: str) -> None:
        await self.call(lambda: self._network.unplug(pod_uid))
        self.addresses.pop(pod_uid, None)

    async def connections(self, pid: int) -> int:
        return await self.call(lambda: self._network.connections(pid))

    async def listening(self, pid: int) -> frozenset[int]:
        return await self.call(lambda: self._network.listening(pid))

    async def program(self, tables: desired.Tables, peers: Sequence[desired.Peer]) -> None:
        await self.call(lambda: self._network.program(tables))
        await self.call(lambda: self._network.peers(peers))

    async def call(self, function: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def stop(self) -> None:
        """Lets go; everything in the kernel stays."""
        await self.call(self._network.stop)
        self._thread.shutdown(wait=False)


class DataPlane:
    """Follows Services, EndpointSlices and Nodes."""

    def __init__(
        self,
        node: str,
        network: PodNetwork,
        *,
        services: Informer[core.Service],
        slices: Informer[discovery.EndpointSlice],
        nodes: Informer[core.Node],
        published: Callable[[str], None],
    ) -> None:
        self._node, self._network, self._published = node, network, published
        self._services, self._slices, self._nodes = services, slices, nodes
        self._changed = asyncio.Event()
        self._done: tuple[object, object] | None = None
        for informer in (services, slices, nodes):
            informer.after_batch(self._changed.set)

    async def run(self) -> None:
        for informer in (self._services, self._slices, self._nodes):
            await informer.synced()
        self._changed.set()
        while True:
            await self._changed.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._changed.clear()
            try:
                await self._program()
            except NetworkError as error:
                log.warning("network not programmed", node=self._node, error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                self._changed.set()

    async def _program(self) -> None:
        revision = self._slices.resource_version
        nodes: Iterable[core.Node] = list(self._nodes)
        tables = desired.tables(self._services, self._slices, nodes, node=self._node)
        peers = desired.peers(nodes, self._node)
        if (tables, peers) != self._done:
            await self._network.program(tables, peers)
            self._done = (tables, peers)
        self._published(revision)
