"""Waiting until nobody sends a pod anything any more: first the cluster's word, then every node's data plane, then clients.

The endpoints of a pod whose deletion was asked for are marked as not ready. Every node notes in its lease up to which
revision of the EndpointSlices its maps are programmed. Only when all nodes that live have passed the revision that dropped
the pod, and its connections are closed, is it time to tell the pod to end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from controlplane.api import registry
from controlplane.api.objects import condition_is
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from dataplane.agent.leases import DATAPLANE_REVISION, NAMESPACE
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

LONGEST_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.05
_LEASES_KEPT_SECONDS = 30.0


def ready_revision(slices: Iterable[discovery.EndpointSlice], pod_uid: str, address: str) -> tuple[bool, int]:
    """Whether a slice still lists the pod as ready, and the newest revision of those that list it at all; 0 for none."""
    ready, newest = False, 0
    for one in slices:
        for endpoint in one.endpoints:
            if address not in endpoint.addresses or endpoint.target_ref.uid not in ("", pod_uid):
                continue
            newest = max(newest, int(one.metadata.resource_version or 0))
            conditions = endpoint.conditions
            ready = ready or conditions.ready or not conditions.HasField("ready")
    return ready, newest


def lagging(nodes: Iterable[core.Node], leases: Iterable[coordination.Lease], revision: int) -> set[str]:
    """The nodes that live and have not programmed `revision` yet."""
    reached = {one.metadata.name: int(one.metadata.annotations.get(DATAPLANE_REVISION) or 0) for one in leases}
    alive = (node.metadata.name for node in nodes if condition_is(node.status.conditions, "Ready"))
    return {name for name in alive if reached.get(name, 0) < revision}


class Drains:
    """`run` owns the watch of leases, which is open only while somebody waits."""

    def __init__(self, client: Client, *, slices: Informer[discovery.EndpointSlice], nodes: Informer[core.Node]) -> None:
        self._client, self._slices, self._nodes = client, slices, nodes
        self._leases: Informer[coordination.Lease] | None = None
        self._waiting = 0
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        slices.after_batch(self._notify)
        nodes.after_batch(self._notify)

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._leases = Informer(self._client, registry.LEASES, namespace=NAMESPACE)
            self._leases.after_batch(self._notify)
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._leases.run(), name="leases")
                while self._waiting:
                    self._wanted.clear()
                    await asyncio.sleep(_LEASES_KEPT_SECONDS)
                watch.cancel()
            self._leases = None

    async def drained(
        self, pod_uid: str, address: str, connections: Callable[[], Awaitable[int]], *, grace_seconds: float
    ) -> bool:
        """Returns when nobody needs the pod any more, or False when that takes more than half the grace period or 5 s."""
        ready, newest = ready_revision(self._slices, pod_uid, address)
        if not newest:
            return True
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(min(LONGEST_SECONDS, grace_seconds / 2)):
                while ready:
                    await self._change()
                    ready, newest = ready_revision(self._slices, pod_uid, address)
                # A pod that no slice lists any more was dropped at some revision up to now.
                newest = newest or int(self._slices.resource_version or 0)
                while self._lagging(newest):
                    await self._change()
                await _idle(connections)
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def _lagging(self, revision: int) -> bool:
        leases = self._leases
        return leases is None or not leases.is_synced or bool(lagging(self._nodes, leases, revision))

    async def _change(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        """Wakes everybody who waits now."""
        self._changed.set()
        self._changed = asyncio.Event()


async def _idle(connections: Callable[[], Awaitable[int]]) -> None:
    quiet = 0
    while quiet < 2:
        if quiet:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        busy = await connections()
        quiet = 0 if busy else quiet + 1
        if busy:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
