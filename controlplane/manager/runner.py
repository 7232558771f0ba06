"""Runs the controllers: changes become keys, a key becomes a plan, the plan is carried out; failures come back later.

One worker at a time has a key; many keys are worked on at once. A key is planned again until its plan is empty, so that a
controller need not think of every change that its own writes call for. All share the informers and the writer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from controlplane.api import errors, registry
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from controlplane.client.queue import WorkQueue
from controlplane.manager.apply import Applier, Result
from controlplane.manager.controller import Controller, Watch
from controlplane.manager.copies import Copies
from controlplane.manager.expectations import Expectations
from controlplane.manager.heartbeats import Heartbeats
from controlplane.manager.registrations import all_controllers
from controlplane.manager.signing import Signing, SigningAuthority
from controlplane.manager.writer import Writer

log = structlog.get_logger()

K = TypeVar("K", bound=Hashable)

_LONGEST_PAUSE = 15.0


@dataclass(frozen=True, slots=True)
class ManagerOptions:
    """`cluster_cidr` is where the nodes' pod ranges come from, each a /`node_cidr_bits`. Without `signing` requests for
    certificates are left to others. `root_ca`, in PEM, is the authority by which pods know the API server."""

    cluster_cidr: str = "10.244.0.0/16"
    node_cidr_bits: int = 24
    node_monitor_grace_seconds: float = 40.0
    signing: SigningAuthority | None = None
    root_ca: str = ""


async def run_manager(client: Client, options: ManagerOptions) -> None:
    """Runs every controller until cancelled."""
    heartbeats = Heartbeats(time.monotonic)
    controllers = all_controllers(
        heartbeats,
        cluster_cidr=options.cluster_cidr,
        node_cidr_bits=options.node_cidr_bits,
        grace_seconds=options.node_monitor_grace_seconds,
        root_ca=options.root_ca,
    )
    copies, writer = Copies(client, controllers), Writer(client)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(copies.run(), name="copies")
        tasks.create_task(writer.run(), name="writer")
        await copies.synced()
        tasks.create_task(heartbeats.run(copies.of(registry.LEASES), copies.of(registry.NODES)), name="heartbeats")
        for controller in controllers:
            worker = ControllerRunner(controller, client, copies, writer, clock=time.time)
            tasks.create_task(worker.run(), name=controller.name)
        if options.signing is not None:
            signing = Signing(client, options.signing, clock=time.time)
            requests = copies.of(registry.CERTIFICATE_SIGNING_REQUESTS)
            tasks.create_task(signing.run(requests), name="certificate-signing")
        log.info("controllers started", controllers=len(controllers))


class ControllerRunner(Generic[K]):
    """One controller at work."""

    def __init__(
        self, controller: Controller[K], client: Client, copies: Copies, writer: Writer, *, clock: Callable[[], float]
    ) -> None:
        self._controller, self._copies, self._clock = controller, copies, clock
        self._queue: WorkQueue[K] = WorkQueue(longest_pause=_LONGEST_PAUSE)
        self._events = EventRecorder(client, controller.name, clock=clock)
        self._expectations: Expectations[K] = Expectations(copies)
        self._applier = Applier(client, writer, self._events, self._expectations, copies.catalogue)
        self._parked: dict[str, set[K]] = {}

    async def run(self) -> None:
        """Works until cancelled. The copies must have synced."""
        for informer in self._copies.informers:
            informer.after_batch(lambda resource=informer.kind.resource: self._unpark(resource))  # type: ignore[misc]
        for watch in self._controller.watches:
            self._subscribe(watch)
        self._copies.follow_custom(self._join, lambda informer: self._unpark(informer.kind.resource))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._events.run(), name=f"{self._controller.name}-events")
            for number in range(self._controller.workers):
                tasks.create_task(self._work(), name=f"{self._controller.name}-{number}")

    def _subscribe(self, watch: Watch[Any]) -> None:
        def changed(old: Any, new: Any) -> None:
            self._add(watch.keys(old, new, self._copies))

        self._copies.of(watch.kind).subscribe(changed)

    def _join(self, informer: Informer[Any]) -> None:
        """Takes notice of a kind that users have defined."""
        informer.after_batch(lambda: self._unpark(informer.kind.resource))
        if self._controller.custom is not None:
            keys = self._controller.custom.keys
            informer.subscribe(lambda old, new: self._add(keys(old, new, self._copies)))

    def _add(self, keys: Iterable[K]) -> None:
        for key in keys:
            self._queue.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            unmet = self._expectations.unmet(key)
            if unmet is not None:
                self._park(key, unmet)
                continue
            result = await self._reconcile(key)
            if result is Result.FAILED:
                self._queue.retry(key)
                continue
            if result is Result.CHANGED:
                self._queue.add(key)
            self._queue.done(key)

    def _park(self, key: K, kind: Kind[Any]) -> None:
        self._parked.setdefault(kind.resource, set()).add(key)
        self._queue.done(key)

    def _unpark(self, resource: str) -> None:
        for key in self._parked.pop(resource, ()):
            self._queue.add(key)

    async def _reconcile(self, key: K) -> Result:
        try:
            await self._applier.settle(key)
            if self._expectations.unmet(key) is not None:
                return Result.CHANGED
            plan = self._controller.plan(key, self._copies, self._clock())
            if plan.requeue_after is not None:
                self._queue.add_after(key, plan.requeue_after)
            return await self._applier.apply(key, plan)
        except errors.Unavailable as error:
            log.debug("reconcile put off", controller=self._controller.name, key=str(key), error=str(error))
        except Exception:
            log.exception("reconcile failed", controller=self._controller.name, key=str(key))
        return Result.FAILED
