"""Making a container of a pod: its environment, its volumes, then the container itself, told as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from controlplane.api import errors, registry
from controlplane.api.objects import T
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from dataplane.agent import environment, volumes
from dataplane.agent.actions import StartContainer
from dataplane.agent.environment import EnvironmentProblem, Sources
from dataplane.agent.network import PodNetwork
from dataplane.agent.observed import Waiting
from dataplane.agent.specs import container_spec, why_root
from dataplane.agent.volumes import MountProblem, Volumes
from dataplane.runtime.types import Runtime, RuntimeFailure
from protos.v1 import core_pb2 as core

R = TypeVar("R")


class NotNow(RuntimeFailure):
    """The container cannot be made yet; `waiting` is what its status says meanwhile."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(waiting.message or waiting.reason)
        self.waiting = waiting


class ContainerMaker:
    def __init__(
        self,
        client: Client,
        runtime: Runtime,
        recorder: EventRecorder,
        *,
        network: PodNetwork,
        state: Path,
        host_ip: str,
        capacity: Mapping[str, int],
        services: Callable[[str], Iterable[core.Service]],
    ) -> None:
        """`services` gives those of a namespace; `capacity` is the node's, in whole CPUs and bytes."""
        self._client, self._runtime, self._recorder, self._network = client, runtime, recorder, network
        self._volumes = Volumes(state)
        self._host_ip, self._capacity, self._services = host_ip, capacity, services

    def check(self, pod: core.Pod) -> None:
        """Raises RuntimeFailure for a pod that this node cannot run."""
        if pod.spec.host_network:
            raise RuntimeFailure("this node cannot run pods in its own network; leave hostNetwork out")

    async def start(self, pod: core.Pod, container: core.Container, action: StartContainer) -> None:
        """Raises NotNow while something that the container needs is missing, RuntimeFailure when it does not start."""
        await self._check_user(pod, container)
        sources = await self._sources(pod, container)
        try:
            places = await asyncio.to_thread(self._volumes.set_up, pod, sources)
            mounts = await asyncio.to_thread(volumes.mounts, container, places)
        except (MountProblem, OSError) as problem:
            self._recorder.record(pod, "Warning", "FailedMount", str(problem))
            usual = "PodInitializing" if pod.spec.init_containers else "ContainerCreating"
            raise NotNow(Waiting(usual)) from problem
        try:
            env = environment.environment(pod, container, sources)
        except EnvironmentProblem as problem:
            self._tell(pod, container, "Warning", "Failed", f"Error: {problem}")
            raise NotNow(Waiting("CreateContainerConfigError", str(problem))) from problem
        spec = container_spec(
            pod, container, attempt=action.attempt, backoff_seconds=action.backoff_seconds, env=env, mounts=mounts,
            memory_capacity=self._capacity.get("memory", 0))  # fmt: skip
        try:
            await self._runtime.start_container(action.sandbox_id, spec)
        except RuntimeFailure as failure:
            self._tell(
                pod, container, "Warning", "Failed", f"Error: failed to start container {container.name!r}: {failure}"
            )
            raise
        self._tell(pod, container, "Normal", "Created", f"Created container: {container.name}")
        self._tell(pod, container, "Normal", "Started", f"Started container {container.name}")

    async def _check_user(self, pod: core.Pod, container: core.Container) -> None:
        """Raises NotNow for a container that would run as root and must not."""
        image = await self._runtime.image(container.image)
        problem = why_root(pod, container, "" if image is None else image.user)
        if problem:
            self._tell(pod, container, "Warning", "Failed", f"Error: {problem}")
            raise NotNow(Waiting("CreateContainerConfigError", problem))

    async def forget(self, pod_uid: str) -> None:
        await asyncio.to_thread(self._volumes.tear_down, pod_uid)

    async def left(self) -> list[str]:
        """The uids of the pods of which there are volumes."""
        return await asyncio.to_thread(self._volumes.left)

    async def _sources(self, pod: core.Pod, container: core.Container) -> Sources:
        config_maps, secrets = (
            one | other for one, other in zip(environment.needed(container), volumes.needed(pod), strict=True)
        )
        namespace = pod.metadata.namespace
        try:
            return Sources(
                config_maps=await self._get_all(registry.CONFIG_MAPS, config_maps, namespace),
                secrets=await self._get_all(registry.SECRETS, secrets, namespace),
                services=self._services(namespace),
                host_ip=self._host_ip,
                pod_ip=self._network.addresses.get(pod.metadata.uid, ""),
                allocatable=self._capacity,
            )
        except errors.StatusError as error:
            raise NotNow(Waiting("CreateContainerConfigError", str(error))) from error

    async def _get_all(self, kind: Kind[T], names: set[str], namespace: str) -> dict[str, T]:
        """Those that exist, by name."""
        found = {}
        for name in sorted(names):
            try:
                found[name] = await self._client.get(kind, name, namespace)
            except errors.NotFound:
                continue
        return found

    def _tell(self, pod: core.Pod, container: core.Container, event_type: str, reason: str, text: str) -> None:
        kind = "initContainers" if container.name in {init.name for init in pod.spec.init_containers} else "containers"
        self._recorder.record(pod, event_type, reason, text, field_path=f"spec.{kind}{{{container.name}}}")
