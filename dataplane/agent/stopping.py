"""How a container is asked to end: its preStop hook first, then the signal. Killing it in the end is the plan's part."""

from __future__ import annotations

import asyncio

import structlog

from controlplane.client.events import EventRecorder
from dataplane.agent.actions import StopContainer
from dataplane.agent.probing import Outcome, http_get
from dataplane.runtime.types import Runtime, RuntimeFailure
from protos.v1 import core_pb2 as core

log = structlog.get_logger()


async def stop_container(
    pod: core.Pod, container: core.Container, action: StopContainer, *, runtime: Runtime, recorder: EventRecorder,
    address: str,
) -> None:  # fmt: skip
    """Returns when the container was asked; the hook's time is part of its grace."""
    try:
        if container.lifecycle.HasField("pre_stop") and action.grace_seconds > 0:
            outcome = await _hook(container, action, runtime, address)
            if not outcome.passed:
                text = f"PreStopHook failed: {outcome.message}"
                path = f"spec.containers{{{container.name}}}"
                recorder.record(pod, "Warning", "FailedPreStopHook", text, field_path=path)
        await runtime.signal(action.container_id, _signal(container))
    except RuntimeFailure as failure:
        log.warning("container not asked to end", container=action.container_id[:12], error=str(failure))


def _signal(container: core.Container) -> str:
    return container.lifecycle.stop_signal or "SIGTERM"


async def _hook(container: core.Container, action: StopContainer, runtime: Runtime, address: str) -> Outcome:
    handler = container.lifecycle.pre_stop
    try:
        if handler.HasField("exec"):
            command = list(handler.exec.command)
            result = await runtime.exec(action.container_id, command, action.grace_seconds)
            return Outcome(result.exit_code == 0, result.output.decode(errors="replace"))
        async with asyncio.timeout(action.grace_seconds):
            if handler.HasField("http_get"):
                return await http_get(handler.http_get, container, address)
            if handler.HasField("sleep"):
                await asyncio.sleep(handler.sleep.seconds)
    except TimeoutError:
        return Outcome(False, "it took longer than the grace period")
    return Outcome(True)
