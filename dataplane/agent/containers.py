"""Making a container of a pod: its environment, its volumes, then the container itself, told as events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

from controlplane.api import errors, registry
from controlplane.api.objects import T
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from dataplane.agent import environment
from dataplane.agent.actions import StartContainer
from dataplane.agent.environment import EnvironmentProblem, Sources
from dataplane.agent.mounting import Mounter
from dataplane.agent.network import PodNetwork
from dataplane.agent.observed import Waiting
from dataplane.agent.specs import container_spec, why_root
from dataplane.runtime.types import Mount, Runtime, RuntimeFailure
from dataplane.volumes.problems import MountProblem
from protos.v1 import core_pb2 as core


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
        mounter: Mounter,
        *,
        network: PodNetwork,
        host_ip: str,
        capacity: Mapping[str, int],
        services: Callable[[str], Iterable[core.Service]],
    ) -> None:
        """`services` gives those of a namespace; `capacity` is the node's, in whole CPUs and bytes."""
        self._client, self._runtime, self._recorder, self._network = client, runtime, recorder, network
        self._mounter = mounter
        self._host_ip, self._capacity, self._services = host_ip, capacity, services

    def check(self, pod: core.Pod) -> None:
        """Raises RuntimeFailure for a pod that this node cannot run."""
        if pod.spec.host_network:
            raise RuntimeFailure("this node cannot run pods in its own network; leave hostNetwork out")

    async def prepare(self, pod: core.Pod) -> None:
        """Does beforehand what need not wait for the sandbox."""
        await self._mounter.prepare(pod)

    async def start(self, pod: core.Pod, container: core.Container, action: StartContainer) -> None:
        """Raises NotNow while something that the container needs is missing, RuntimeFailure when it does not start."""
        await self._check_user(pod, container)
        sources = await self._sources(pod, container)
        async with self._mounted(pod, container) as mounts:
            try:
                env = environment.environment(pod, container, sources)
            except EnvironmentProblem as problem:
                self._tell(pod, container, "Warning", "Failed", f"Error: {problem}")
                raise NotNow(Waiting("CreateContainerConfigError", str(problem))) from problem
            await self._start(pod, container, action, env=env, mounts=mounts)

    async def _start(
        self,
        pod: core.Pod,
        container: core.Container,
        action: StartContainer,
        *,
        env: Sequence[tuple[str, str]],
        mounts: Sequence[Mount],
    ) -> None:
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

    @contextlib.asynccontextmanager
    async def _mounted(self, pod: core.Pod, container: core.Container) -> AsyncIterator[Sequence[Mount]]:
        """The container's mounts. Raises NotNow while they cannot be had."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                mounts = await stack.enter_async_context(self._mounter.mounted(pod, container))
            except (MountProblem, OSError) as problem:
                self._recorder.record(pod, "Warning", "FailedMount", str(problem))
                usual = "PodInitializing" if pod.spec.init_containers else "ContainerCreating"
                raise NotNow(Waiting(usual)) from problem
            yield mounts

    async def _check_user(self, pod: core.Pod, container: core.Container) -> None:
        """Raises NotNow for a container that would run as root and must not."""
        image = await self._runtime.image(container.image)
        problem = why_root(pod, container, "" if image is None else image.user)
        if problem:
            self._tell(pod, container, "Warning", "Failed", f"Error: {problem}")
            raise NotNow(Waiting("CreateContainerConfigError", problem))

    async def forget(self, pod_uid: str) -> None:
        await self._mounter.forget(pod_uid)

    async def left(self) -> list[str]:
        """The uids of the pods of which there are volumes."""
        return await self._mounter.left()

    async def _sources(self, pod: core.Pod, container: core.Container) -> Sources:
        """What the container's variables come from."""
        config_maps, secrets = environment.needed(container)
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
