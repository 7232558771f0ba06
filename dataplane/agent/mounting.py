"""The volumes of the node's pods: made before containers start, and given new content while they run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from controlplane.api import registry
from dataplane.agent.mounts import mounts
from dataplane.agent.references import References
from dataplane.agent.tokens import Tokens
from dataplane.runtime.types import Mount
from dataplane.volumes import problems
from dataplane.volumes.payload import Payload, Sources, digest, file_volumes, needs, payload
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.volumes import Volumes
from protos.v1 import core_pb2 as core


@dataclass(slots=True)
class _Mounted:
    """What is known of one pod's volumes. Found are those of an agent before this one. `digests` tell what is in those of
    files. While containers are `starting`, on their way to their mounts, nothing is replaced under them. One lock is for
    `making` volumes, another for `writing` to them."""

    is_made: bool = False
    is_found: bool = False
    is_gone: bool = False
    starting: int = 0
    digests: dict[str, bytes] = field(default_factory=dict)
    making: asyncio.Lock = field(default_factory=asyncio.Lock)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Mounter:
    """`allocatable` is what the node has to give, in whole CPUs and bytes."""

    def __init__(self, volumes: Volumes, tokens: Tokens, references: References, *, allocatable: Mapping[str, int]) -> None:
        self._volumes, self._tokens, self._references = volumes, tokens, references
        self._allocatable = allocatable
        self._known: dict[str, _Mounted] = {}
        self._handlers: list[Callable[[str], None]] = []

    def subscribe(self, handler: Callable[[str], None]) -> None:
        """Calls `handler` with the uid of every pod whose volumes of files have just been made."""
        self._handlers.append(handler)

    async def prepare(self, pod: core.Pod) -> None:
        """Makes the volumes beforehand, so that containers need not wait. What goes wrong is told when one is to start."""
        if pod.spec.volumes:
            with contextlib.suppress(MountProblem, OSError):
                await self._make(pod, self._of(pod))

    @contextlib.asynccontextmanager
    async def mounted(self, pod: core.Pod, container: core.Container) -> AsyncIterator[list[Mount]]:
        """The container's mounts, which stay what they are until the block ends. Raises MountProblem or OSError."""
        known = self._of(pod)
        await self._make(pod, known)
        async with known.writing:
            known.starting += 1
        try:
            places = self._volumes.places(pod)
            if any(mount.sub_path for mount in container.volume_mounts):
                yield await asyncio.to_thread(mounts, container, places)
            else:
                yield mounts(container, places)
        finally:
            known.starting -= 1

    def has(self, pod_uid: str) -> bool:
        """Whether the pod's volumes are there to be kept current."""
        known = self._known.get(pod_uid)
        return known is not None and (known.is_made or known.is_found)

    async def adopt(self, pod: core.Pod) -> None:
        """Goes on with volumes that an agent before this one has made."""
        known = self._of(pod)
        found = await asyncio.to_thread(lambda: list(self._volumes.tokens(pod, file_volumes(pod))))
        for wanted, token in found:
            self._tokens.adopt(pod.metadata.uid, wanted, token)
        known.is_found = True

    async def update(self, pod: core.Pod) -> bool:
        """Brings volumes of files up to date. False if now is not the time, as a container is about to start. Raises
        MountProblem or OSError for those that cannot be; they keep what they have."""
        known = self._known.get(pod.metadata.uid)
        return known is None or await self._write(pod, known)

    async def forget(self, pod_uid: str) -> None:
        """Removes everything of the pod."""
        known = self._known.pop(pod_uid, _Mounted())
        known.is_gone = True
        self._release(pod_uid)
        async with known.writing:
            await asyncio.to_thread(self._volumes.tear_down, pod_uid)

    def rest(self, pod_uid: str) -> None:
        """For a pod that has ended: its files stay, but follow nothing any more."""
        self._release(pod_uid)

    async def left(self) -> list[str]:
        """The uids of the pods of which there are volumes."""
        return await asyncio.to_thread(self._volumes.left)

    def _of(self, pod: core.Pod) -> _Mounted:
        return self._known.setdefault(pod.metadata.uid, _Mounted())

    async def _make(self, pod: core.Pod, known: _Mounted) -> None:
        async with known.making:
            if known.is_made:
                return
            await self._write(pod, known)
            async with known.writing:
                if not known.is_gone:
                    await asyncio.to_thread(self._volumes.set_up, pod)
            known.is_made = True
        if known.digests:
            for handler in self._handlers:
                handler(pod.metadata.uid)

    async def _write(self, pod: core.Pod, known: _Mounted) -> bool:
        fresh, missing = await self._payloads(pod)
        digests = {name: digest(files) for name, files in fresh.items()}
        changed = {name: files for name, files in fresh.items() if known.digests.get(name) != digests[name]}
        async with known.writing:
            if known.is_gone:
                self._release(pod.metadata.uid)
                return True
            if changed and known.starting:
                return False
            if changed:
                await asyncio.to_thread(self._volumes.write, pod, changed)
                known.digests.update(digests)
        if missing:
            raise problems.together(missing)
        return True

    async def _payloads(self, pod: core.Pod) -> tuple[dict[str, Payload], list[MountProblem]]:
        """What is to be in the volumes of files by their names, and why there is nothing to be in others."""
        found: dict[str, Payload] = {}
        missing = []
        for volume in file_volumes(pod):
            try:
                found[volume.name] = payload(pod, volume, await self._sources(pod, volume))
            except MountProblem as problem:
                missing.append(problem)
        return found, missing

    async def _sources(self, pod: core.Pod, volume: core.Volume) -> Sources:
        needed, references = needs(volume), self._references
        uid, namespace = pod.metadata.uid, pod.metadata.namespace
        try:
            return Sources(
                config_maps=await references.get(uid, registry.CONFIG_MAPS, namespace, needed.config_maps),
                secrets=await references.get(uid, registry.SECRETS, namespace, needed.secrets),
                tokens={wanted: await self._tokens.get(pod, wanted) for wanted in needed.tokens},
                allocatable=self._allocatable,
            )
        except MountProblem as problem:
            raise problems.of_volume(volume.name, problem) from problem

    def _release(self, pod_uid: str) -> None:
        self._references.release(pod_uid)
        self._tokens.forget(pod_uid)
