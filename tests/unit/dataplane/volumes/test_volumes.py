"""Volumes as folders and files of the node."""

from __future__ import annotations

import base64
from pathlib import Path

import orjson
import pytest

from dataplane.volumes.payload import File
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Token, Wanted
from dataplane.volumes.volumes import Place, Volumes
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod


def pod_with(**sources: core.VolumeSource) -> core.Pod:
    pod = make_pod()
    for name, source in sources.items():
        pod.spec.volumes.add(name=name).volume_source.CopyFrom(source)
    return pod


EMPTY = core.VolumeSource(empty_dir=core.EmptyDirVolumeSource())
SECRET = core.VolumeSource(secret=core.SecretVolumeSource(secret_name="hidden"))


def test_volumes_last_as_long_as_the_pod(tmp_path: Path) -> None:
    volumes, pod = Volumes(tmp_path), pod_with(data=EMPTY, keys=SECRET)
    assert volumes.left() == []
    volumes.set_up(pod)
    volumes.write(pod, {"keys": {"word": File(b"hush", 0o644)}})
    places = volumes.places(pod)
    assert places["data"].path.is_dir()
    assert (places["keys"].path / "word").read_bytes() == b"hush"
    assert volumes.left() == [pod.metadata.uid]
    volumes.tear_down(pod.metadata.uid)
    assert volumes.left() == []


def test_users_of_the_machine_do_not_see_tokens(tmp_path: Path) -> None:
    volumes, pod = Volumes(tmp_path), pod_with(keys=SECRET)
    volumes.write(pod, {"keys": {"word": File(b"hush", 0o644)}})
    assert (tmp_path / "volumes").stat().st_mode & 0o777 == 0o700


def test_files_are_mounted_read_only(tmp_path: Path) -> None:
    host = core.VolumeSource(host_path=core.HostPathVolumeSource(path="/srv"))
    places = Volumes(tmp_path).places(pod_with(data=EMPTY, keys=SECRET, host=host))
    own = tmp_path / "volumes" / "uid-web"
    assert places == {"data": Place(own / "data"), "keys": Place(own / "keys", read_only=True), "host": Place(Path("/srv"))}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (core.VolumeSource(host_path=core.HostPathVolumeSource(path="/none", type="Directory")),
         "hostPath type check failed: /none is not a directory"),
        (core.VolumeSource(nfs=core.NFSVolumeSource(server="files", path="/")), "this node has no volumes of kind nfs"),
    ],
)  # fmt: skip
def test_what_cannot_be_mounted_is_told(tmp_path: Path, source: core.VolumeSource, told: str) -> None:
    with pytest.raises(MountProblem) as problem:
        Volumes(tmp_path).set_up(pod_with(data=source))
    assert str(problem.value) == f'MountVolume.SetUp failed for volume "data" : {told}'


def test_tokens_are_found_again(tmp_path: Path) -> None:
    source = core.VolumeSource()
    source.projected.sources.add().service_account_token.CopyFrom(
        core.ServiceAccountTokenProjection(path="in/token", audience="vault", expiration_seconds=600)
    )
    pod, volumes = pod_with(data=source), Volumes(tmp_path)
    assert list(volumes.tokens(pod, pod.spec.volumes)) == []
    middle = base64.urlsafe_b64encode(orjson.dumps({"iat": 1000, "exp": 1600})).decode().rstrip("=")
    text = f"a.{middle}.c"
    volumes.write(pod, {"data": {"in/token": File(text.encode(), 0o600)}})
    assert list(volumes.tokens(pod, pod.spec.volumes)) == [(Wanted("vault", 600), Token(text, 1480, 1600))]
