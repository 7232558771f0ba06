"""The node's lease: a heartbeat that costs little, and on it how far the node's data plane has got."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from controlplane.api import errors, registry, times
from controlplane.client.client import Client
from protos.v1 import coordination_pb2 as coordination

log = structlog.get_logger()

NAMESPACE = "kube-node-lease"
DATAPLANE_REVISION = "orlop.dev/dataplane-revision"
RENEW_SECONDS = 10.0
DURATION_SECONDS = 40
_SHORTEST_PAUSE_SECONDS = 0.05
_RETRY_SECONDS = 1.0


class NodeLease:
    """`publish` is written at once, but not more than 20 times a second; the lease is renewed with it or every 10 s."""

    def __init__(self, client: Client, node: str, *, clock: Callable[[], float]) -> None:
        self._client, self._node, self._clock = client, node, clock
        self._revision = ""
        self._news = asyncio.Event()

    def publish(self, revision: str) -> None:
        if revision != self._revision:
            self._revision = revision
            self._news.set()

    async def run(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._renew()
            except errors.StatusError as error:
                log.debug("lease not renewed", node=self._node, error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await asyncio.sleep(_SHORTEST_PAUSE_SECONDS)
            try:
                async with asyncio.timeout(RENEW_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _renew(self) -> None:
        lease = node_lease(self._node, self._clock())
        if self._revision:
            lease.metadata.annotations[DATAPLANE_REVISION] = self._revision
        patch = {
            "metadata": {"annotations": dict(lease.metadata.annotations)},
            "spec": {
                "holderIdentity": self._node,
                "leaseDurationSeconds": DURATION_SECONDS,
                "renewTime": times.format_micro_time(lease.spec.renew_time),
            },
        }
        try:
            await self._client.patch(registry.LEASES, self._node, NAMESPACE, patch)
        except errors.NotFound:
            await self._client.create(lease)


def node_lease(node: str, now: float) -> coordination.Lease:
    """A lease of the node's, renewed now."""
    lease = coordination.Lease()
    lease.metadata.name, lease.metadata.namespace = node, NAMESPACE
    lease.spec.holder_identity, lease.spec.lease_duration_seconds = node, DURATION_SECONDS
    lease.spec.renew_time.CopyFrom(times.to_micro_time(now))
    return lease
