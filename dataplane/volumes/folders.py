"""Volumes that are folders: empty ones of the pod's own, and those of the node."""

from __future__ import annotations

import os
from pathlib import Path

from dataplane.volumes.problems import MountProblem
from protos.v1 import core_pb2 as core

_OPEN_TO_ALL = 0o777
_SET_GROUP = 0o2000


def make_empty(place: Path, group: int | None) -> None:
    """An empty folder that all users of the pod may write to. One that is there stays as it is."""
    if place.is_dir():
        return
    place.mkdir(parents=True, exist_ok=True)
    if group is not None:
        os.chown(place, -1, group)
    place.chmod(_OPEN_TO_ALL | (0 if group is None else _SET_GROUP))


def check_host_path(source: core.HostPathVolumeSource) -> None:
    """Makes what the source says to make. Raises MountProblem if something else is there."""
    path, kind = Path(source.path), source.type
    if kind == "DirectoryOrCreate" or (not kind and not path.exists()):
        path.mkdir(0o755, parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch(0o644)
    checks = {
        "Directory": path.is_dir, "DirectoryOrCreate": path.is_dir, "File": path.is_file, "FileOrCreate": path.is_file,
        "Socket": path.is_socket, "CharDevice": path.is_char_device, "BlockDevice": path.is_block_device,
    }  # fmt: skip
    if kind in checks and not checks[kind]():
        wanted = kind.removesuffix("OrCreate").lower()
        raise MountProblem(f"hostPath type check failed: {path} is not a {wanted}")
