"""Pods' volumes on the node: where they are, how they are made, what is left of them.

`volumes/UID/NAME` in the state folder holds what belongs to one pod; it goes when the pod does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataplane.volumes import atomic, folders, problems
from dataplane.volumes.payload import Payload, is_of_files, token_paths
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Token, Wanted, read_token
from protos.v1 import core_pb2 as core

_ROOT_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Place:
    """Where a volume is. Containers never write to one of files, whatever they ask for."""

    path: Path
    read_only: bool = False


class Volumes:
    """Blocking calls, to be made in a thread."""

    def __init__(self, state: Path) -> None:
        self._root = state / "volumes"

    def set_up(self, pod: core.Pod) -> None:
        """Makes the pod's folders; what is there stays. Volumes of files are written. Raises MountProblem or OSError."""
        self._make_root()
        for volume in pod.spec.volumes:
            if not is_of_files(volume):
                self._set_up(pod, volume)

    def write(self, pod: core.Pod, payloads: Mapping[str, Payload]) -> None:
        """Gives volumes of files their content, by the volumes' names."""
        self._make_root()
        for name, payload in payloads.items():
            atomic.write(self._own(pod, name), payload, _group(pod))

    def places(self, pod: core.Pod) -> dict[str, Place]:
        """By the volumes' names."""
        return {volume.name: self._place(pod, volume) for volume in pod.spec.volumes}

    def tokens(self, pod: core.Pod, volumes: Iterable[core.Volume]) -> Iterator[tuple[Wanted, Token]]:
        """The tokens that an agent before this one left."""
        for volume in volumes:
            for path, wanted in token_paths(volume):
                content = atomic.read(self._own(pod, volume.name), path)
                token = None if content is None else read_token(content)
                if token is not None:
                    yield wanted, token

    def tear_down(self, pod_uid: str) -> None:
        shutil.rmtree(self._root / pod_uid, ignore_errors=True)

    def left(self) -> list[str]:
        """The uids of the pods of which there are volumes."""
        return [path.name for path in self._root.iterdir()] if self._root.is_dir() else []

    def _make_root(self) -> None:
        """Containers come to their volumes by mounts; nobody else of the machine has anything to look for there."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._root.chmod(_ROOT_MODE)

    def _own(self, pod: core.Pod, name: str) -> Path:
        return self._root / pod.metadata.uid / name

    def _place(self, pod: core.Pod, volume: core.Volume) -> Place:
        if volume.volume_source.HasField("host_path"):
            return Place(Path(volume.volume_source.host_path.path))
        return Place(self._own(pod, volume.name), read_only=is_of_files(volume))

    def _set_up(self, pod: core.Pod, volume: core.Volume) -> None:
        source = volume.volume_source
        try:
            if source.HasField("host_path"):
                folders.check_host_path(source.host_path)
            elif source.HasField("empty_dir") or not source.ListFields():
                folders.make_empty(self._own(pod, volume.name), _group(pod))
            else:
                kind = source.ListFields()[0][0].json_name
                raise MountProblem(f"this node has no volumes of kind {kind}")
        except MountProblem as problem:
            raise problems.of_volume(volume.name, problem) from problem


def _group(pod: core.Pod) -> int | None:
    context = pod.spec.security_context
    return context.fs_group if context.HasField("fs_group") else None
