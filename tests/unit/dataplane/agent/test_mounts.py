"""Mounts lead to volumes and not out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.agent.mounts import mounts
from dataplane.runtime.types import Mount
from dataplane.volumes.atomic import write
from dataplane.volumes.payload import File
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.volumes import Place
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container


def mounting(*wanted: core.VolumeMount) -> core.Container:
    container = make_container()
    container.volume_mounts.extend(wanted)
    return container


def test_a_mount_is_the_volume_or_a_path_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    container = mounting(
        core.VolumeMount(name="data", mount_path="/data", read_only=True),
        core.VolumeMount(name="data", mount_path="/sub", sub_path="sub"),
        core.VolumeMount(name="data", mount_path="/new", sub_path="new/er"),
    )
    assert mounts(container, {"data": Place(tmp_path)}) == [
        Mount(str(tmp_path), "/data", True), Mount(str(tmp_path / "sub"), "/sub"), Mount(str(tmp_path / "new/er"), "/new")
    ]  # fmt: skip
    assert (tmp_path / "new/er").is_dir()


def test_nobody_writes_to_a_volume_of_files(tmp_path: Path) -> None:
    container = mounting(core.VolumeMount(name="data", mount_path="/data"))
    assert mounts(container, {"data": Place(tmp_path, read_only=True)}) == [Mount(str(tmp_path), "/data", True)]


def test_a_single_file_is_mounted_as_it_is_now(tmp_path: Path) -> None:
    write(tmp_path, {"a": File(b"1", 0o644)})
    container = mounting(core.VolumeMount(name="data", mount_path="/a", sub_path="a"))
    (mount,) = mounts(container, {"data": Place(tmp_path, read_only=True)})
    assert mount.source == str((tmp_path / "..data" / "a").resolve())


def test_a_link_that_a_container_laid_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc")
    with pytest.raises(MountProblem, match='subPath "out" leads out of its volume'):
        mounts(mounting(core.VolumeMount(name="data", mount_path="/etc", sub_path="out")), {"data": Place(tmp_path)})


def test_a_volume_that_is_not_the_pods_is_told() -> None:
    with pytest.raises(MountProblem, match='volume mount "none" names no volume of the pod'):
        mounts(mounting(core.VolumeMount(name="none", mount_path="/x")), {})
