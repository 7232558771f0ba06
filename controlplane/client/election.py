"""One leader among several of a kind, by a Lease that it renews, as Kubernetes' own components do.

Whoever holds the Lease works; the others look at it now and then, and take it over when it has not changed for as long as it
says it lasts. Time is measured on one's own clock from when a change was seen, so that clocks need not agree. A leader that
cannot renew for `renew_deadline_seconds` stops working before another may begin. A process that comes back with the identity
that the Lease names goes on at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from controlplane.api import errors, registry, times
from controlplane.client.client import Client
from protos.v1 import coordination_pb2 as coordination

log = structlog.get_logger()

_RELEASE_SECONDS = 3.0
_RELEASED_DURATION_SECONDS = 1
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Election:
    """What is stood for, by whom. `identity` must differ between processes that may run at the same time."""

    name: str
    identity: str
    namespace: str = "kube-system"
    lease_duration_seconds: float = 15.0
    renew_deadline_seconds: float = 10.0
    retry_period_seconds: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.retry_period_seconds < self.renew_deadline_seconds < self.lease_duration_seconds:
            raise ValueError("leader election: retry period < renew deadline < lease duration must hold, all above 0")


async def lead(client: Client, election: Election, work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` whenever the lease is held, until `work` returns or raises, or the caller is cancelled. `work` is
    cancelled when the lease is lost."""
    candidate = Candidate(client, election)
    while True:
        await candidate.acquire()
        if await candidate.hold(work):
            return


class Candidate:
    """One who stands for election."""

    def __init__(self, client: Client, election: Election) -> None:
        self._client, self._election = client, election
        self._seen: coordination.Lease | None = None
        self._seen_at = -math.inf
        self._renewed_at = -math.inf

    async def acquire(self) -> None:
        """Returns once the lease is ours."""
        while not await self._attempt(self._election.renew_deadline_seconds):
            await self._pause()
        log.info("became leader", lease=self._election.name, identity=self._election.identity)

    async def hold(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Runs `work` while the lease is ours; whether it is done."""
        lost = False
        try:
            async with asyncio.TaskGroup() as tasks:
                doing = tasks.create_task(_run(work), name=self._election.name)
                renewing = tasks.create_task(self._renew(), name=f"{self._election.name}-lease")
                await asyncio.wait({doing, renewing}, return_when=asyncio.FIRST_COMPLETED)
                lost = not doing.done()
                doing.cancel()
                renewing.cancel()
            return not lost
        finally:
            if lost:
                log.warning("lost the lease; the work has ended", lease=self._election.name)
            else:
                await self._release()

    async def _renew(self) -> None:
        """Returns when the lease is lost."""
        deadline = self._election.renew_deadline_seconds
        while True:
            await self._pause()
            left = self._renewed_at + deadline - time.monotonic()
            if left <= 0 or (not await self._attempt(left) and not self._is_ours()):
                return

    async def _pause(self) -> None:
        await asyncio.sleep(self._election.retry_period_seconds * random.uniform(1, 1 + _JITTER))

    async def _attempt(self, seconds: float) -> bool:
        """Takes or renews the lease, if it may be; whether that worked."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                taken = await self._take()
        except (TimeoutError, errors.StatusError) as error:
            log.debug("lease not renewed", lease=self._election.name, error=str(error))
            return False
        if taken:
            self._renewed_at = began
        return taken

    async def _take(self) -> bool:
        election = self._election
        try:
            lease = await self._client.get(registry.LEASES, election.name, election.namespace)
        except errors.NotFound:
            fresh = coordination.Lease()
            fresh.metadata.name, fresh.metadata.namespace = election.name, election.namespace
            self._fill(fresh, transitions=0)
            self._see(await self._client.create(fresh))
            return True
        self._see(lease)
        if not self._is_ours() and self._is_valid(lease):
            return False
        transitions = lease.spec.lease_transitions
        self._fill(lease, transitions=transitions if self._is_ours() else transitions + 1)
        self._see(await self._client.update(lease))
        return True

    def _see(self, lease: coordination.Lease) -> None:
        """Notes when the lease was first seen as it is."""
        if self._seen is None or self._seen.metadata.resource_version != lease.metadata.resource_version:
            self._seen_at = time.monotonic()
        self._seen = coordination.Lease()
        self._seen.CopyFrom(lease)

    def _is_ours(self) -> bool:
        return self._seen is not None and self._seen.spec.holder_identity == self._election.identity

    def _is_valid(self, lease: coordination.Lease) -> bool:
        """Whether its holder may still be at work."""
        return bool(lease.spec.holder_identity) and time.monotonic() < self._seen_at + lease.spec.lease_duration_seconds

    def _fill(self, lease: coordination.Lease, *, transitions: int) -> None:
        now, spec = times.to_micro_time(time.time()), lease.spec
        if not self._is_ours():
            spec.acquire_time.CopyFrom(now)
        spec.renew_time.CopyFrom(now)
        spec.holder_identity = self._election.identity
        spec.lease_duration_seconds = math.ceil(self._election.lease_duration_seconds)
        spec.lease_transitions = transitions

    async def _release(self) -> None:
        """Lets the next one begin at once."""
        lease = self._seen
        if lease is None or not self._is_ours():
            return
        lease.spec.holder_identity = ""
        lease.spec.lease_duration_seconds = _RELEASED_DURATION_SECONDS
        with contextlib.suppress(TimeoutError, errors.StatusError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._client.update(lease)
                log.info("released the lease", lease=self._election.name)


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()
