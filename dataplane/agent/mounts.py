"""A container's mounts: its pod's volumes, or paths in them. Blocking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dataplane.runtime.types import Mount
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.volumes import Place
from protos.v1 import core_pb2 as core


def mounts(container: core.Container, places: Mapping[str, Place]) -> list[Mount]:
    """Raises MountProblem for a volume that the pod does not have, or a path that leads out of its volume."""
    found = []
    for mount in container.volume_mounts:
        place = places.get(mount.name)
        if place is None:
            raise MountProblem(f'volume mount "{mount.name}" names no volume of the pod')
        source = _inside(place.path, mount.sub_path) if mount.sub_path else place.path
        found.append(Mount(str(source), mount.mount_path, mount.read_only or place.read_only))
    return found


def _inside(place: Path, sub_path: str) -> Path:
    """The path in the volume, made if missing. Links that a container laid lead nowhere outside. Links of the volume's own
    are followed here: a file that is mounted by itself stays what it was when its container started."""
    found = (place / sub_path).resolve()
    if not found.is_relative_to(place.resolve()):
        raise MountProblem(f'subPath "{sub_path}" leads out of its volume')
    if not found.exists():
        found.mkdir(parents=True)
    return found
