"""Pods' volumes: folders and files under the node's state folder, and folders of the node itself.

`volumes/UID/NAME` holds what belongs to one pod; it goes when the pod does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from dataplane.agent.environment import Sources
from dataplane.runtime.types import Mount
from protos.v1 import core_pb2 as core

_OPEN_TO_ALL = 0o777
_DEFAULT_MODE = 0o644


class MountProblem(Exception):
    """A volume cannot be had; the pod waits. The text is for the event FailedMount."""


class Volumes:
    """Blocking calls, to be made in a thread."""

    def __init__(self, state: Path) -> None:
        self._root = state / "volumes"

    def set_up(self, pod: core.Pod, sources: Sources) -> dict[str, Path]:
        """Makes all volumes of the pod; their places by name. What is there stays. Raises MountProblem."""
        return {volume.name: self._set_up(pod, volume, sources) for volume in pod.spec.volumes}

    def tear_down(self, pod_uid: str) -> None:
        shutil.rmtree(self._root / pod_uid, ignore_errors=True)

    def left(self) -> list[str]:
        """The uids of the pods of which there are volumes."""
        return [path.name for path in self._root.iterdir()] if self._root.is_dir() else []

    def _set_up(self, pod: core.Pod, volume: core.Volume, sources: Sources) -> Path:
        source, place = volume.volume_source, self._root / pod.metadata.uid / volume.name
        if source.HasField("host_path"):
            return _host_path(volume.name, source.host_path)
        if source.HasField("empty_dir") or not source.ListFields():
            return _empty_dir(place, pod)
        if source.HasField("config_map"):
            return _files(place, volume.name, source.config_map, _config_map(volume.name, source.config_map, sources))
        if source.HasField("secret"):
            return _files(place, volume.name, source.secret, _secret(volume.name, source.secret, sources))
        kind = source.ListFields()[0][0].json_name
        raise MountProblem(f'MountVolume.SetUp failed for volume "{volume.name}" : this node has no volumes of kind {kind}')


def mounts(container: core.Container, places: Mapping[str, Path]) -> list[Mount]:
    """The container's mounts. Raises MountProblem for a volume that the pod does not have."""
    found = []
    for mount in container.volume_mounts:
        if mount.name not in places:
            raise MountProblem(f'volume mount "{mount.name}" names no volume of the pod')
        source = _inside(places[mount.name], mount.sub_path) if mount.sub_path else places[mount.name]
        found.append(Mount(str(source), mount.mount_path, mount.read_only))
    return found


def _inside(place: Path, sub_path: str) -> Path:
    """The path in the volume, made if missing. Links that a container laid lead nowhere outside."""
    found = (place / sub_path).resolve()
    if not found.is_relative_to(place.resolve()):
        raise MountProblem(f'subPath "{sub_path}" leads out of its volume')
    if not found.exists():
        found.mkdir(parents=True)
    return found


def needed(pod: core.Pod) -> tuple[set[str], set[str]]:
    """The names of the ConfigMaps and of the Secrets that volumes come from."""
    sources = [volume.volume_source for volume in pod.spec.volumes]
    return (
        {one.config_map.local_object_reference.name for one in sources if one.HasField("config_map")},
        {one.secret.secret_name for one in sources if one.HasField("secret")},
    )


def _empty_dir(place: Path, pod: core.Pod) -> Path:
    if not place.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        group = pod.spec.security_context.fs_group
        if group:
            os.chown(place, -1, group)
        place.chmod(_OPEN_TO_ALL | (0o2000 if group else 0))
    return place


def _host_path(name: str, source: core.HostPathVolumeSource) -> Path:
    path, kind = Path(source.path), source.type
    if kind == "DirectoryOrCreate":
        path.mkdir(0o755, parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch(0o644)
    checks = {
        "Directory": path.is_dir, "DirectoryOrCreate": path.is_dir, "File": path.is_file, "FileOrCreate": path.is_file,
        "Socket": path.is_socket, "CharDevice": path.is_char_device, "BlockDevice": path.is_block_device,
    }  # fmt: skip
    if kind in checks and not checks[kind]():
        wanted = kind.removesuffix("OrCreate").lower()
        raise MountProblem(
            f'MountVolume.SetUp failed for volume "{name}" : hostPath type check failed: {path} is not a {wanted}'
        )
    if not kind and not path.exists():
        path.mkdir(0o755, parents=True)
    return path


def _config_map(name: str, source: core.ConfigMapVolumeSource, sources: Sources) -> dict[str, bytes]:
    found = sources.config_maps.get(source.local_object_reference.name)
    if found is not None:
        return {key: text.encode() for key, text in found.data.items()} | dict(found.binary_data)
    _check_optional(name, "configmap", source.local_object_reference.name, optional=source.optional)
    return {}


def _secret(name: str, source: core.SecretVolumeSource, sources: Sources) -> dict[str, bytes]:
    found = sources.secrets.get(source.secret_name)
    if found is not None:
        return dict(found.data)
    _check_optional(name, "secret", source.secret_name, optional=source.optional)
    return {}


def _check_optional(volume: str, kind: str, name: str, *, optional: bool) -> None:
    if not optional:
        raise MountProblem(f'MountVolume.SetUp failed for volume "{volume}" : {kind} "{name}" not found')


def _files(
    place: Path, name: str, source: core.ConfigMapVolumeSource | core.SecretVolumeSource, data: Mapping[str, bytes]
) -> Path:
    """Writes each key as a file, in place of what it was."""
    place.mkdir(parents=True, exist_ok=True)
    mode = source.default_mode if source.HasField("default_mode") else _DEFAULT_MODE
    for path, content, own_mode in _contents(name, source.items, data, optional=source.optional):
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.new")
        fresh.write_bytes(content)
        fresh.chmod(mode if own_mode is None else own_mode)
        fresh.rename(file)
    return place


def _contents(
    name: str, items: Iterable[core.KeyToPath], data: Mapping[str, bytes], *, optional: bool
) -> list[tuple[str, bytes, int | None]]:
    chosen = list(items)
    if not chosen:
        return [(key, content, None) for key, content in data.items()]
    missing = [item.key for item in chosen if item.key not in data]
    if missing and not optional:
        told = f'MountVolume.SetUp failed for volume "{name}" : references non-existent config key: {missing[0]}'
        raise MountProblem(told)
    return [(item.path, data[item.key], item.mode if item.HasField("mode") else None) for item in chosen if item.key in data]
