"""The scheduler at work: watches pods and nodes, places what waits, binds in batches.

A placed pod counts on its node at once, before the API has heard of it, so that the next one does not take the same room.
When a binding fails that is taken back; when it is not known whether it failed, the same binding is tried again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import structlog

from controlplane.api import errors, objects, registry, times
from controlplane.api.objects import copy_of, key_of
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from controlplane.client.writes import bind_write, update_write
from controlplane.scheduler.pending import PendingPods
from controlplane.scheduler.place import place
from controlplane.scheduler.view import ClusterView, needs_of
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

_BATCH = 256
# So long may placing keep everything else in this process waiting.
_TURN_SECONDS = 0.05
# After these the watch will show what became of the pod.
_UNDECIDED = (errors.Conflict, errors.NotFound, errors.Unavailable)
_UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class SchedulerOptions:
    """`name` is the `schedulerName` of the pods it places."""

    name: str = "default-scheduler"


async def run_scheduler(client: Client, options: SchedulerOptions) -> None:
    """Schedules until cancelled."""
    await Scheduler(client, options, clock=time.time).run()


@dataclass(frozen=True, slots=True)
class _Binding:
    pod: core.Pod
    node: str


class Scheduler:
    def __init__(self, client: Client, options: SchedulerOptions, *, clock: Callable[[], float]) -> None:
        self._client, self._options, self._clock = client, options, clock
        self._pods = Informer(client, registry.PODS)
        self._nodes = Informer(client, registry.NODES)
        self._events = EventRecorder(client, options.name, clock=clock)
        self._view = ClusterView()
        self._pending = PendingPods()
        self._assumed: set[str] = set()
        self._ties = count()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_UNDER_WAY)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pods.run(), name="informer-pods")
            tasks.create_task(self._nodes.run(), name="informer-nodes")
            tasks.create_task(self._events.run(), name="events")
            await self._nodes.synced()
            await self._pods.synced()
            self._nodes.subscribe(self._node_changed)
            self._pods.subscribe(self._pod_changed)
            log.info("scheduler started", nodes=len(self._nodes), waiting=len(self._pending))
            while True:
                await self._work_comes()
                await self._slots.acquire()
                bindings, unplaced = self._place_some()
                tasks.create_task(self._send(bindings, unplaced), name="bind")

    async def _work_comes(self) -> None:
        """Returns when a pod is to be tried."""
        while (due := self._pending.next_due()) is None or due > self._clock():
            self._wake.clear()
            try:
                async with asyncio.timeout(None if due is None else due - self._clock()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _place_some(self) -> tuple[list[_Binding], list[tuple[core.Pod, str]]]:
        """What to bind, and which pods fit nowhere and why."""
        bindings: list[_Binding] = []
        unplaced: list[tuple[core.Pod, str]] = []
        now = self._clock()
        for key in self._pending.take(_BATCH, now):
            pod = self._pods.get(key.name, key.namespace)
            if pod is None or pod.spec.node_name:
                self._pending.remove(key)
                continue
            node, message = self._choose(pod)
            if node:
                bindings.append(_Binding(pod, node))
            else:
                self._pending.failed(key, now, waits_for_change=True)
                unplaced.append((pod, message))
            if self._clock() - now > _TURN_SECONDS:
                break
        return bindings, unplaced

    def _choose(self, pod: core.Pod) -> tuple[str, str]:
        uid = pod.metadata.uid
        if uid in self._assumed:  # bound before, perhaps: nobody knows
            return self._view.node_of(uid), ""
        needs = needs_of(pod)
        placement = place(pod, needs, self._view, tie=next(self._ties))
        if placement.node:
            self._assumed.add(uid)
            self._view.add_pod(uid, placement.node, needs)
        return placement.node, "" if placement.node else placement.message

    async def _send(self, bindings: Sequence[_Binding], unplaced: Sequence[tuple[core.Pod, str]]) -> None:
        try:
            if bindings:
                await self._bind(bindings)
            if unplaced:
                await self._explain(unplaced)
        finally:
            self._slots.release()
            self._wake.set()

    async def _bind(self, bindings: Sequence[_Binding]) -> None:
        writes = [
            bind_write(one.pod.metadata.namespace, one.pod.metadata.name, one.pod.metadata.uid, one.node)
            for one in bindings
        ]  # fmt: skip
        try:
            outcomes = await self._client.batch(writes)
        except errors.StatusError as error:
            log.warning("bindings not sent", pods=len(bindings), error=str(error))
            for one in bindings:
                self._pending.failed(key_of(one.pod), self._clock(), waits_for_change=False)
            return
        for one, outcome in zip(bindings, outcomes, strict=True):
            if isinstance(outcome, errors.StatusError):
                self._refused(one, outcome)
            else:
                told = f"Successfully assigned {key_of(one.pod)} to {one.node}"
                self._events.record(one.pod, "Normal", "Scheduled", told)

    def _refused(self, one: _Binding, error: errors.StatusError) -> None:
        """The pod is tried again, unless the watch shows that it is gone or bound; until that is clear its room is kept."""
        log.info("binding refused", pod=str(key_of(one.pod)), node=one.node, error=str(error))
        uid = one.pod.metadata.uid
        if uid in self._assumed and not isinstance(error, _UNDECIDED):
            self._assumed.discard(uid)
            self._view.remove_pod(uid)
        self._pending.failed(key_of(one.pod), self._clock(), waits_for_change=False)

    async def _explain(self, unplaced: Sequence[tuple[core.Pod, str]]) -> None:
        """Says on each pod why it waits."""
        now = self._clock()
        news = [fresh for pod, message in unplaced if (fresh := _with_reason(pod, message, now)) is not None]
        for pod, message in unplaced:
            self._events.record(pod, "Warning", "FailedScheduling", message)
        try:
            await self._client.batch([update_write(pod, "status") for pod in news])
        except errors.StatusError as error:
            log.warning("conditions not written", pods=len(news), error=str(error))

    def _node_changed(self, old: core.Node | None, new: core.Node | None) -> None:
        if new is None:
            if old is not None:
                self._view.remove_node(old.metadata.name)
            return
        self._view.set_node(new)
        if old is None or _offers(old) != _offers(new):
            self._room_appeared()

    def _pod_changed(self, old: core.Pod | None, new: core.Pod | None) -> None:
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            self._forget(old)
        if new is None:
            return
        if new.spec.node_name:
            self._seen_bound(new)
        elif self._is_mine(new) and (old is None or key_of(new) not in self._pending or _wishes(old) != _wishes(new)):
            self._pending.add(key_of(new), new.spec.priority)
            self._wake.set()
        elif not self._is_mine(new):
            self._pending.remove(key_of(new))

    def _seen_bound(self, pod: core.Pod) -> None:
        uid = pod.metadata.uid
        self._pending.remove(key_of(pod))
        self._assumed.discard(uid)
        if pod.status.phase in {"Succeeded", "Failed"}:
            if self._view.remove_pod(uid):
                self._room_appeared()
        elif self._view.node_of(uid) != pod.spec.node_name:
            self._view.add_pod(uid, pod.spec.node_name, needs_of(pod))

    def _forget(self, pod: core.Pod) -> None:
        uid = pod.metadata.uid
        self._pending.remove(key_of(pod))
        self._assumed.discard(uid)
        if self._view.remove_pod(uid):
            self._room_appeared()

    def _room_appeared(self) -> None:
        self._pending.something_changed()
        self._wake.set()

    def _is_mine(self, pod: core.Pod) -> bool:
        named = (pod.spec.scheduler_name or "default-scheduler") == self._options.name
        waits = pod.status.phase not in {"Succeeded", "Failed"} and not objects.is_terminating(pod)
        return named and waits and not pod.spec.scheduling_gates


def _offers(node: core.Node) -> tuple[object, ...]:
    """All of a node that decides whether a pod fits."""
    allocatable = {name: amount.string for name, amount in node.status.allocatable.items()}
    return allocatable, dict(node.metadata.labels), list(node.spec.taints), node.spec.unschedulable


def _wishes(pod: core.Pod) -> tuple[object, ...]:
    return pod.metadata.uid, pod.spec


def _with_reason(pod: core.Pod, message: str, now: float) -> core.Pod | None:
    """The pod with its PodScheduled condition saying so, if it does not say so yet."""
    known = objects.find_condition(pod.status.conditions, "PodScheduled")
    if known is not None and (known.status, known.reason, known.message) == ("False", "Unschedulable", message):
        return None
    fresh = copy_of(pod)
    condition = core.PodCondition(type="PodScheduled", status="False", reason="Unschedulable", message=message)
    condition.last_transition_time.CopyFrom(times.to_time(now))
    objects.set_condition(fresh.status.conditions, condition)
    return fresh
