"""One pod's work: look, plan, act, report; again until there is nothing to do.

All that is kept in memory is what a new agent finds out again: how far pulls are, who was told to stop, who is drained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from itertools import groupby
from typing import Any

import structlog

from dataplane.agent import actions as act
from dataplane.agent import specs
from dataplane.agent.containers import NotNow
from dataplane.agent.observed import Observed
from dataplane.agent.plan import Plan, grace_seconds, orphan_plan, plan
from dataplane.agent.status import pod_status
from dataplane.agent.stopping import stop_container
from dataplane.agent.tools import Memory, Tools
from dataplane.network.errors import NetworkError
from dataplane.runtime.types import PodName, RuntimeFailure
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

_MOST_ROUNDS = 20


class PodWorker:
    """Works on one pod; `memory` lives as long as the pod."""

    def __init__(self, tools: Tools, name: PodName, memory: Memory) -> None:
        self._tools, self._name, self._memory = tools, name, memory

    async def work(self, pod: core.Pod | None) -> float | None:
        """Brings the pod to where it should be; when to look again. `pod` is None for one that is gone from the API.

        Raises RuntimeFailure or NetworkError when something did not work; what was reached is reported all the same.
        """
        observed = await self._observe()
        for _ in range(_MOST_ROUNDS):
            planned = self._plan(pod, observed)
            try:
                await self._carry_out(pod, planned)
            finally:
                observed = await self._observe()
                self._report(pod, observed)
            if not planned.actions:
                return planned.wake_at
            if any(isinstance(action, act.Finish) for action in planned.actions):
                return None
        return self._tools.clock()

    async def _observe(self) -> Observed:
        memory, probes = self._memory, self._tools.probes
        record = await self._tools.runtime.observe(self._name)
        alive = {run.id for run in record.containers}
        memory.stopping = {one: until for one, until in memory.stopping.items() if one in alive}
        return Observed(
            record,
            address=self._tools.network.addresses.get(self._name.uid, ""),
            pulls=memory.pulls.states,
            problems=memory.problems,
            stopping=memory.stopping,
            unhealthy=probes.unhealthy,
            ready=probes.ready,
            started=probes.started,
            drained=memory.drained,
            plugged=any(one.pid and one.pid == memory.plugged for one in record.sandboxes),
        )

    def _plan(self, pod: core.Pod | None, observed: Observed) -> Plan:
        return orphan_plan(observed) if pod is None else plan(pod, observed, self._tools.clock())

    def _report(self, pod: core.Pod | None, observed: Observed) -> None:
        """Hands the status to the writer if it says something new."""
        if pod is None or self._memory.finished:
            return
        self._tools.probes.sync(pod, observed, self._tools.group)
        version, now = pod.metadata.resource_version, self._tools.clock()
        base, reported = pod, self._memory.reported
        if reported is not None and reported[0] == version:
            # The API has not answered yet: what was reported is newer than what it shows.
            base = core.Pod(metadata=pod.metadata, spec=pod.spec, status=reported[1])
        waiting = plan(pod, observed, now).waiting
        status = pod_status(base, observed, waiting, host=self._tools.host, now=now)
        if status != base.status:
            self._memory.reported = (version, status)
            self._tools.writer.put_status(pod, status)

    async def _carry_out(self, pod: core.Pod | None, planned: Plan) -> None:
        """In order, those of one kind together."""
        for _, alike in groupby(planned.actions, key=type):
            results = await asyncio.gather(*(self._do(pod, action) for action in alike), return_exceptions=True)
            for failure in results:
                if isinstance(failure, BaseException):
                    raise failure

    async def _do(self, pod: core.Pod | None, action: act.Action) -> None:
        runtime, uid = self._tools.runtime, self._name.uid
        match action:
            case act.KillContainer(container_id):
                await runtime.signal(container_id, "SIGKILL")
            case act.RemoveContainer(container_id):
                await runtime.remove(container_id)
            case act.RemoveSandbox(sandbox_id):
                await runtime.remove(sandbox_id)
            case act.UnplugNetwork():
                await self._tools.network.unplug(uid)
            case act.Finish():
                await self._finish(pod)
            case _:
                assert pod is not None
                await self._do_for(pod, action)

    async def _do_for(self, pod: core.Pod, action: act.Action) -> None:
        match action:
            case act.StartSandbox(attempt):
                await self._told(pod, self._start_sandbox(pod, attempt))
            case act.PlugNetwork(pid):
                await self._told(pod, self._plug(pid))
            case act.PullImage(name):
                await self._pull(pod, _container(pod, name))
            case act.StartContainer():
                await self._start_container(pod, action)
            case act.StopContainer():
                self._stop(pod, action)
            case act.Drain():
                self._drain(pod)

    async def _told(self, pod: core.Pod, work: Awaitable[None]) -> None:
        """Does the work; a failure is told as an event before it is raised."""
        try:
            await work
        except (RuntimeFailure, NetworkError) as failure:
            reason, text = "FailedCreatePodSandBox", f"Failed to create pod sandbox: {failure}"
            if isinstance(failure, NetworkError) and not self._tools.network.is_up:
                reason, text = "NetworkNotReady", str(failure)
            self._tools.recorder.record(pod, "Warning", reason, text)
            raise

    async def _start_sandbox(self, pod: core.Pod, attempt: int) -> None:
        self._tools.maker.check(pod)
        if attempt:
            text = "Pod sandbox changed, it will be killed and re-created."
            self._tools.recorder.record(pod, "Normal", "SandboxChanged", text)
        self._spawn(self._tools.maker.prepare(pod), f"volumes of {self._name.name}")
        sandbox = await self._tools.runtime.start_sandbox(specs.sandbox_spec(pod, attempt))
        self._memory.plugged = 0
        log.debug("sandbox started", pod=str(self._name.name), sandbox=sandbox.id[:12])

    async def _plug(self, pid: int) -> None:
        await self._tools.network.plug(self._name.uid, pid)
        self._memory.plugged = pid

    async def _pull(self, pod: core.Pod, container: core.Container) -> None:
        if await self._tools.puller.check(pod, container, self._memory.pulls):
            self._spawn(self._pull_on(pod, container), f"pull {container.image}")

    async def _pull_on(self, pod: core.Pod, container: core.Container) -> None:
        await self._tools.puller.pull(pod, container, self._memory.pulls)
        self._tools.wake(self._name.uid)

    async def _start_container(self, pod: core.Pod, action: act.StartContainer) -> None:
        name = action.container
        try:
            await self._tools.maker.start(pod, _container(pod, name), action)
        except NotNow as problem:
            self._memory.problems[name] = problem.waiting
            raise
        else:
            self._memory.problems.pop(name, None)
        finally:
            # The next run asks for its image anew.
            self._memory.pulls.states.pop(name, None)

    def _stop(self, pod: core.Pod, action: act.StopContainer) -> None:
        if action.container_id in self._memory.stopping:
            return
        self._memory.stopping[action.container_id] = self._tools.clock() + action.grace_seconds
        self._tools.recorder.record(
            pod, "Normal", "Killing", action.why, field_path=f"spec.containers{{{action.container}}}")  # fmt: skip
        stopping = stop_container(
            pod, _container(pod, action.container), action,
            runtime=self._tools.runtime, recorder=self._tools.recorder,
            address=self._tools.network.addresses.get(self._name.uid, ""))  # fmt: skip
        self._spawn(stopping, f"stop {action.container}")

    def _drain(self, pod: core.Pod) -> None:
        if not self._memory.draining:
            self._memory.draining = True
            self._spawn(self._drain_on(pod), f"drain {self._name.name}")

    async def _drain_on(self, pod: core.Pod) -> None:
        address, pid = self._tools.network.addresses.get(self._name.uid, ""), self._memory.plugged
        try:
            if address and pid:
                done = await self._tools.drains.drained(
                    self._name.uid, address, lambda: self._tools.network.connections(pid), grace_seconds=grace_seconds(pod)
                )
                if not done:
                    log.info("pod not drained in time", pod=self._name.name, namespace=self._name.namespace)
        finally:
            self._memory.drained = True
            self._tools.wake(self._name.uid)

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Goes on beside the worker. A fault in it concerns one pod and does not end the agent."""
        self._tools.group.create_task(_guarded(work, what), name=what)

    async def _finish(self, pod: core.Pod | None) -> None:
        self._tools.probes.forget(self._name.uid)
        await self._tools.network.unplug(self._name.uid)
        await self._tools.runtime.forget(self._name.uid)
        await self._tools.maker.forget(self._name.uid)
        if pod is not None:
            self._memory.finished = True
            self._tools.writer.put_end(pod)


async def _guarded(work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except (RuntimeFailure, NetworkError) as failure:
        log.warning("work for a pod failed", what=what, error=str(failure))
    except Exception:
        log.exception("work for a pod failed", what=what)


def _container(pod: core.Pod, name: str) -> core.Container:
    return next(one for one in (*pod.spec.init_containers, *pod.spec.containers) if one.name == name)
