"""Writes of the agent to its pods: statuses and final deletions, gathered for a few milliseconds, the newest wins.

While the API server is away nothing is lost and nothing waits: what is to be written stays until it can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.client.writes import delete_write, update_write
from protos.v1 import core_pb2 as core
from protos.v1.resources_pb2 import WriteRequest

log = structlog.get_logger()

_GATHER_SECONDS = 0.005
_RETRY_SECONDS = 0.5


class PodWriter:
    """`refused` is called with the uid of a pod whose write was refused for good: it is to be looked at again."""

    def __init__(self, client: Client, *, refused: Callable[[str], None]) -> None:
        self._client, self._refused = client, refused
        self._writes: dict[str, WriteRequest] = {}
        self._wake = asyncio.Event()

    def put_status(self, pod: core.Pod, status: core.PodStatus) -> None:
        fresh = core.Pod(metadata=copy_of(pod).metadata, status=status)
        fresh.spec.CopyFrom(pod.spec)
        fresh.metadata.resource_version = ""
        self._put(pod.metadata.uid, update_write(fresh, "status"))

    def put_end(self, pod: core.Pod) -> None:
        """The pod is gone from this node: its object may go."""
        metadata = pod.metadata
        self._put(metadata.uid, delete_write(
            registry.PODS, metadata.name, metadata.namespace, uid=metadata.uid, grace_seconds=0))  # fmt: skip

    def _put(self, uid: str, write: WriteRequest) -> None:
        self._writes[uid] = write
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._wake.clear()
            writes, self._writes = self._writes, {}
            try:
                outcomes = await self._client.batch(list(writes.values()))
            except errors.StatusError as error:
                log.debug("statuses not written", count=len(writes), error=str(error))
                await self._later(writes)
                continue
            unavailable = {}
            for (uid, write), outcome in zip(writes.items(), outcomes, strict=True):
                if isinstance(outcome, errors.Unavailable):
                    unavailable[uid] = write
                elif isinstance(outcome, errors.StatusError) and not isinstance(outcome, errors.NotFound):
                    log.warning("status refused", pod_uid=uid, error=str(outcome))
                    self._refused(uid)
            if unavailable:
                await self._later(unavailable)

    async def _later(self, writes: dict[str, WriteRequest]) -> None:
        await asyncio.sleep(_RETRY_SECONDS)
        self._writes = writes | self._writes
        self._wake.set()
