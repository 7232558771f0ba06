"""Volumes as folders and files of the node."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.agent.environment import Sources
from dataplane.agent.volumes import MountProblem, Volumes, mounts, needed
from dataplane.runtime.types import Mount
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

SOURCES = Sources(
    config_maps={"settings": core.ConfigMap(data={"a": "1", "b": "2"}, binary_data={"c": b"\0"})},
    secrets={"hidden": core.Secret(data={"word": b"hush"})},
)


def pod_with(**source: object) -> core.Pod:
    pod = make_pod()
    pod.spec.volumes.add(name="data").volume_source.CopyFrom(core.VolumeSource(**source))  # type: ignore[arg-type]
    return pod


def set_up(state: Path, pod: core.Pod, sources: Sources = SOURCES) -> Path:
    return Volumes(state).set_up(pod, sources)["data"]


def files(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def config_map(*items: core.KeyToPath, name: str = "settings", optional: bool = False) -> core.ConfigMapVolumeSource:
    return core.ConfigMapVolumeSource(
        local_object_reference=core.LocalObjectReference(name=name), items=items, optional=optional, default_mode=0o640
    )


def test_an_empty_folder_lasts_as_long_as_the_pod(tmp_path: Path) -> None:
    pod = pod_with(empty_dir=core.EmptyDirVolumeSource())
    place = set_up(tmp_path, pod)
    (place / "file").write_text("kept")
    assert place.stat().st_mode & 0o777 == 0o777
    assert files(set_up(tmp_path, pod)) == {"file": b"kept"}
    assert Volumes(tmp_path).left() == [pod.metadata.uid]
    Volumes(tmp_path).tear_down(pod.metadata.uid)
    assert Volumes(tmp_path).left() == []


def test_every_key_becomes_a_file(tmp_path: Path) -> None:
    place = set_up(tmp_path, pod_with(config_map=config_map()))
    assert files(place) == {"a": b"1", "b": b"2", "c": b"\0"}
    assert (place / "a").stat().st_mode & 0o777 == 0o640
    secret = core.SecretVolumeSource(secret_name="hidden")
    assert files(set_up(tmp_path / "other", pod_with(secret=secret))) == {"word": b"hush"}


def test_chosen_keys_get_paths_and_modes_of_their_own(tmp_path: Path) -> None:
    place = set_up(tmp_path, pod_with(config_map=config_map(core.KeyToPath(key="a", path="deep/er", mode=0o600))))
    assert files(place) == {"deep/er": b"1"}
    assert (place / "deep/er").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_the_node_is_mounted_as_it_is(tmp_path: Path) -> None:
    assert set_up(tmp_path, pod_with(host_path=core.HostPathVolumeSource(path=str(tmp_path)))) == tmp_path
    made = core.HostPathVolumeSource(path=str(tmp_path / "new"), type="DirectoryOrCreate")
    assert set_up(tmp_path, pod_with(host_path=made)).is_dir()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"config_map": config_map(name="none")}, 'configmap "none" not found'),
        ({"config_map": config_map(core.KeyToPath(key="x", path="x"))}, "non-existent config key: x"),
        ({"secret": core.SecretVolumeSource(secret_name="none")}, 'secret "none" not found'),
        ({"host_path": core.HostPathVolumeSource(path="/none", type="Directory")}, "/none is not a directory"),
        ({"nfs": core.NFSVolumeSource(server="files", path="/")}, "no volumes of kind nfs"),
    ],
)
def test_what_cannot_be_mounted_is_told(tmp_path: Path, source: dict[str, object], told: str) -> None:
    with pytest.raises(MountProblem, match=f'volume "data".*{told}'):
        set_up(tmp_path, pod_with(**source))


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    assert files(set_up(tmp_path, pod_with(config_map=config_map(name="none", optional=True)))) == {}


def test_mounts_lead_to_volumes_and_not_out_of_them(tmp_path: Path) -> None:
    place = tmp_path / "volume"
    (place / "sub").mkdir(parents=True)
    (place / "out").symlink_to("/etc")
    container = make_container()
    container.volume_mounts.add(name="data", mount_path="/data", read_only=True)
    container.volume_mounts.add(name="data", mount_path="/sub", sub_path="sub")
    assert mounts(container, {"data": place}) == [Mount(str(place), "/data", True), Mount(str(place / "sub"), "/sub")]
    container.volume_mounts.add(name="data", mount_path="/etc", sub_path="out")
    with pytest.raises(MountProblem, match="leads out of its volume"):
        mounts(container, {"data": place})


def test_what_volumes_come_from_is_known_beforehand() -> None:
    pod = pod_with(config_map=config_map())
    pod.spec.volumes.add(name="more").volume_source.secret.secret_name = "hidden"
    assert needed(pod) == ({"settings"}, {"hidden"})
