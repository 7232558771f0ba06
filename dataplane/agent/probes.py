"""Probes of running containers, each in a task of its own: what they say is kept by container id and told when it changes.

The startup probe goes first; while it has not passed, the others wait and the container is neither started nor ready. A
container without a readiness probe that names TCP ports is ready once it listens at them, or, should it not, soon all the
same: between a process's start and its first `listen` there would be nobody to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from controlplane.client.events import EventRecorder
from dataplane.agent import probing
from dataplane.agent.observed import Observed
from dataplane.network.errors import NetworkError
from dataplane.runtime.types import Runtime
from protos.v1 import core_pb2 as core

_DEFAULT_PERIOD_SECONDS = 10
_DEFAULT_FAILURES = 3
_LISTEN_SECONDS = 2.0
_LISTEN_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class _Target:
    pod: core.Pod
    container: core.Container
    container_id: str
    address: str
    started_at: float
    pid: int


class Probes:
    """`changed` is called with a pod's uid when one of its probes says something new. `listening` tells the TCP ports at
    which the pod with that process listens."""

    def __init__(
        self,
        runtime: Runtime,
        recorder: EventRecorder,
        *,
        listening: Callable[[int], Awaitable[frozenset[int]]],
        clock: Callable[[], float],
        changed: Callable[[str], None],
    ) -> None:
        self.ready: dict[str, bool] = {}
        self.started: dict[str, bool] = {}
        self.unhealthy: dict[str, str] = {}
        self._runtime, self._recorder, self._clock, self._changed = runtime, recorder, clock, changed
        self._listening = listening
        self._tasks: dict[str, dict[str, asyncio.Task[None]]] = {}

    def sync(self, pod: core.Pod, observed: Observed, group: asyncio.TaskGroup) -> None:
        """Probes the containers of the pod that run and are not being stopped, and no others."""
        tasks = self._tasks.setdefault(pod.metadata.uid, {})
        containers = {one.name: one for one in (*pod.spec.init_containers, *pod.spec.containers)}
        wanted = {}
        pid = observed.sandbox.pid if observed.sandbox else 0
        for run in observed.running:
            container = containers.get(run.name)
            if observed.plugged and container is not None and _has_probes(container) and run.id not in observed.stopping:
                wanted[run.id] = _Target(pod, container, run.id, observed.address, run.started_at, pid)
        for container_id in [one for one in tasks if one not in wanted]:
            self._forget(tasks, container_id)
        for container_id, target in wanted.items():
            if container_id not in tasks:
                self._begin(target)
                tasks[container_id] = group.create_task(self._probe(target), name=f"probe {target.container.name}")

    def forget(self, pod_uid: str) -> None:
        tasks = self._tasks.pop(pod_uid, {})
        for container_id in list(tasks):
            self._forget(tasks, container_id)

    def _forget(self, tasks: dict[str, asyncio.Task[None]], container_id: str) -> None:
        tasks.pop(container_id).cancel()
        self.ready.pop(container_id, None)
        self.started.pop(container_id, None)
        self.unhealthy.pop(container_id, None)

    def _begin(self, target: _Target) -> None:
        """What holds until a probe has spoken: what the API last heard of this very run, otherwise "no"."""
        told = _last_told(target.pod, target.container_id)
        if target.container.HasField("startup_probe"):
            self.started[target.container_id] = told is not None and told.started
        if target.container.HasField("readiness_probe") or _waits_for_server(target.container):
            self.ready[target.container_id] = told is not None and told.ready

    async def _probe(self, target: _Target) -> None:
        container, one = target.container, target.container_id
        if container.HasField("startup_probe") and not self.started[one]:
            await self._until_started(target)
        async with asyncio.TaskGroup() as group:
            if container.HasField("readiness_probe"):
                group.create_task(self._repeat(target, container.readiness_probe, "Readiness", self.ready))
            if container.HasField("liveness_probe"):
                group.create_task(self._repeat(target, container.liveness_probe, "Liveness", None))
            if _waits_for_server(container) and not self.ready[one]:
                group.create_task(self._until_listening(target))

    async def _until_started(self, target: _Target) -> None:
        probe, failures = target.container.startup_probe, 0
        await self._initial_delay(target, probe)
        while not await self._passes(target, probe, "Startup"):
            failures += 1
            if failures >= (probe.failure_threshold or _DEFAULT_FAILURES):
                self._tell_unhealthy(target, "startup")
            await asyncio.sleep(probe.period_seconds or _DEFAULT_PERIOD_SECONDS)
        self.started[target.container_id] = True
        self._changed(target.pod.metadata.uid)

    async def _until_listening(self, target: _Target) -> None:
        ports = set(_served_ports(target.container))
        while self._clock() - target.started_at < _LISTEN_SECONDS:
            with contextlib.suppress(NetworkError):
                if ports <= await self._listening(target.pid):
                    break
            await asyncio.sleep(_LISTEN_LOOK_SECONDS)
        self._answer(target, self.ready, True)

    async def _repeat(self, target: _Target, probe: core.Probe, kind: str, answers: dict[str, bool] | None) -> None:
        """`answers` takes what a readiness probe says; a liveness probe that fails makes the container unhealthy."""
        await self._initial_delay(target, probe)
        passes = fails = 0
        while True:
            if await self._passes(target, probe, kind):
                passes, fails = passes + 1, 0
                if answers is not None and passes >= max(1, probe.success_threshold):
                    self._answer(target, answers, True)
            else:
                passes, fails = 0, fails + 1
                if fails >= (probe.failure_threshold or _DEFAULT_FAILURES):
                    if answers is None:
                        self._tell_unhealthy(target, "liveness")
                    else:
                        self._answer(target, answers, False)
            await asyncio.sleep(probe.period_seconds or _DEFAULT_PERIOD_SECONDS)

    def _answer(self, target: _Target, answers: dict[str, bool], answer: bool) -> None:
        if answers.get(target.container_id) != answer:
            answers[target.container_id] = answer
            self._changed(target.pod.metadata.uid)

    def _tell_unhealthy(self, target: _Target, probe: str) -> None:
        if target.container_id not in self.unhealthy:
            self.unhealthy[target.container_id] = probe
            self._changed(target.pod.metadata.uid)

    async def _initial_delay(self, target: _Target, probe: core.Probe) -> None:
        await asyncio.sleep(max(0.0, target.started_at + probe.initial_delay_seconds - self._clock()))

    async def _passes(self, target: _Target, probe: core.Probe, kind: str) -> bool:
        outcome = await probing.check(
            probe.handler, runtime=self._runtime, container=target.container, container_id=target.container_id,
            address=target.address, timeout_seconds=max(1, probe.timeout_seconds))  # fmt: skip
        if not outcome.passed:
            path = f"spec.containers{{{target.container.name}}}"
            self._recorder.record(
                target.pod, "Warning", "Unhealthy", f"{kind} probe failed: {outcome.message}", field_path=path)  # fmt: skip
        return outcome.passed


def _has_probes(container: core.Container) -> bool:
    named = any(container.HasField(name) for name in ("startup_probe", "readiness_probe", "liveness_probe"))
    return named or _waits_for_server(container)


def _waits_for_server(container: core.Container) -> bool:
    return not container.HasField("readiness_probe") and any(_served_ports(container))


def _served_ports(container: core.Container) -> list[int]:
    return [port.container_port for port in container.ports if port.protocol in ("", "TCP")]


def _last_told(pod: core.Pod, container_id: str) -> core.ContainerStatus | None:
    every = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((one for one in every if one.container_id.endswith(container_id)), None)
