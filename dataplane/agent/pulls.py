"""Getting images, as pull policies say, and trying again with patience: 10 s doubling to five minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from controlplane.client.events import EventRecorder
from dataplane.agent.observed import Pull, PullState, Waiting
from dataplane.runtime.types import ImageFailure, Runtime
from protos.v1 import core_pb2 as core

_FIRST_SECONDS, _LONGEST_SECONDS = 10.0, 300.0


@dataclass(slots=True)
class PodPulls:
    """The pulls of one pod, by container; and how often in a row each image could not be had."""

    states: dict[str, Pull] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)


class Puller:
    def __init__(self, runtime: Runtime, recorder: EventRecorder, *, clock: Callable[[], float]) -> None:
        self._runtime, self._recorder, self._clock = runtime, recorder, clock

    async def check(self, pod: core.Pod, container: core.Container, pulls: PodPulls) -> bool:
        """Settles what can be settled at once; True if the image has to be pulled, which may take long."""
        name = container.name
        present = await self._runtime.image(container.image) is not None
        if present and container.image_pull_policy != "Always":
            pulls.states[name] = Pull(PullState.READY)
            pulls.failures.pop(container.image, None)
            self._tell(pod, container, "Pulled", f'Container image "{container.image}" already present on machine')
            return False
        if container.image_pull_policy == "Never":
            text = f'Container image "{container.image}" is not present with pull policy of Never'
            retry_at = self._clock() + _FIRST_SECONDS
            pulls.states[name] = Pull(PullState.FAILED, Waiting("ErrImageNeverPull", text), retry_at)
            self._warn(pod, container, "ErrImageNeverPull", text)
            self._warn(pod, container, "Failed", "Error: ErrImageNeverPull")
            return False
        pulls.states[name] = Pull(PullState.PULLING)
        return True

    async def pull(self, pod: core.Pod, container: core.Container, pulls: PodPulls) -> None:
        """Pulls the image; how that went is in `pulls` afterwards."""
        image, began = container.image, asyncio.get_running_loop().time()
        self._tell(pod, container, "Pulling", f'Pulling image "{image}"')
        try:
            found = await self._runtime.pull(image)
        except ImageFailure as failure:
            self._failed(pod, container, pulls, failure)
            return
        took = asyncio.get_running_loop().time() - began
        pulls.states[container.name] = Pull(PullState.READY)
        pulls.failures.pop(image, None)
        told = f'Successfully pulled image "{image}" in {took:.3f}s. Image size: {found.size_bytes} bytes.'
        self._tell(pod, container, "Pulled", told)

    def _failed(self, pod: core.Pod, container: core.Container, pulls: PodPulls, failure: ImageFailure) -> None:
        """The first failure is shown as it is, and those that follow, until it works, as a back-off."""
        image, reason = container.image, failure.reason
        count = pulls.failures.get(image, 0)
        pulls.failures[image] = count + 1
        pause = min(_FIRST_SECONDS * 2.0 ** min(count, 10), _LONGEST_SECONDS)
        self._warn(pod, container, "Failed", f'Failed to pull image "{image}": {failure}')
        self._warn(pod, container, "Failed", f"Error: {reason}")
        waiting = Waiting(reason, str(failure))
        if reason == "ErrImagePull" and count:
            waiting = Waiting("ImagePullBackOff", f'Back-off pulling image "{image}": {reason}: {failure}')
            self._recorder.record(
                pod, "Normal", "BackOff", f'Back-off pulling image "{image}"', field_path=_path(pod, container)
            )
            self._warn(pod, container, "Failed", "Error: ImagePullBackOff")
        pulls.states[container.name] = Pull(PullState.FAILED, waiting, self._clock() + pause)

    def _tell(self, pod: core.Pod, container: core.Container, reason: str, text: str) -> None:
        self._recorder.record(pod, "Normal", reason, text, field_path=_path(pod, container))

    def _warn(self, pod: core.Pod, container: core.Container, reason: str, text: str) -> None:
        self._recorder.record(pod, "Warning", reason, text, field_path=_path(pod, container))


def _path(pod: core.Pod, container: core.Container) -> str:
    """`spec.containers{web}`"""
    kind = "initContainers" if container.name in {init.name for init in pod.spec.init_containers} else "containers"
    return f"spec.{kind}{{{container.name}}}"
