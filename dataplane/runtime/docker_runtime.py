"""The Runtime of a node on the Docker engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from dataplane.runtime import cgroups, containers, events, execs, images, logs, oom, pause, sandboxes, usage
from dataplane.runtime.configs import Setting
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import (
    ContainerSpec,
    ExecResult,
    Image,
    LogOptions,
    NodeUsage,
    PodName,
    PodRecord,
    RuntimeFailure,
    SandboxRecord,
    SandboxSpec,
)


class DockerRuntime:
    """Several nodes may share one engine: each sees only what carries its own label. `cgroup` is the node's group, such as
    `/orlop/node-1`; every pod gets one inside."""

    def __init__(self, engine: Engine, *, node: str, cgroup: str, pause_image: str = pause.IMAGE) -> None:
        self._engine, self._node, self._cgroup, self._pause_image = engine, node, cgroup, pause_image
        self._lowest_oom_score = oom.lowest_score()
        self._observer = containers.Observer(engine, node)

    def pod_cgroup(self, pod_uid: str) -> str:
        return f"{self._cgroup}/{pod_uid}"

    async def version(self) -> str:
        answer = await self._engine.look(lambda api: api.version())
        return str(answer["Version"]).partition("+")[0]

    async def pods(self) -> Sequence[PodName]:
        return await self._observer.pods()

    async def observe(self, pod: PodName) -> PodRecord:
        return await self._observer.observe(pod)

    async def start_sandbox(self, spec: SandboxSpec) -> SandboxRecord:
        return await sandboxes.start(self._engine, spec, self._setting(spec.pod), image=self._pause_image)

    async def start_container(self, sandbox_id: str, spec: ContainerSpec) -> str:
        return await containers.start(self._engine, sandbox_id, spec, self._setting(spec.pod))

    async def signal(self, container_id: str, signal: str) -> None:
        await containers.signal(self._engine, container_id, signal)

    async def remove(self, container_id: str) -> None:
        await containers.remove(self._engine, container_id)

    async def forget(self, pod_uid: str) -> None:
        """Removes what the engine leaves of a pod without containers."""
        await asyncio.to_thread(cgroups.remove, self.pod_cgroup(pod_uid))

    async def image(self, name: str) -> Image | None:
        return await images.find(self._engine, name)

    async def images(self) -> Sequence[Image]:
        return await images.listed(self._engine)

    async def pull(self, name: str) -> Image:
        return await images.pull(self._engine, name)

    async def exec(self, container_id: str, command: Sequence[str], timeout_seconds: float) -> ExecResult:
        return await execs.run(self._engine, container_id, command, timeout_seconds)

    def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        return logs.read(self._engine, container_id, options)

    async def usage(self, containers: Mapping[str, Collection[str]]) -> NodeUsage:
        try:
            return await asyncio.to_thread(usage.read_node, self._cgroup, containers)
        except OSError as error:
            raise RuntimeFailure(f"control groups cannot be read: {error}") from error

    def events(self) -> AsyncIterator[PodName | None]:
        return events.read(self._engine, self._node)

    def _setting(self, pod: PodName) -> Setting:
        return Setting(self._node, self.pod_cgroup(pod.uid), self._lowest_oom_score)
