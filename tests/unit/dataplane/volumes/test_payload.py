"""What is in a volume of files, made from what it names."""

from __future__ import annotations

import pytest

from dataplane.volumes.payload import (
    File,
    Needs,
    Payload,
    Sources,
    digest,
    file_user,
    file_volumes,
    needs,
    payload,
    token_paths,
)
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Wanted
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

TOKEN = Wanted("", 3607)
SOURCES = Sources(
    config_maps={"settings": core.ConfigMap(data={"a": "1", "b": "2"}, binary_data={"c": b"\0"})},
    secrets={"hidden": core.Secret(data={"word": b"hush"})},
    tokens={TOKEN: "x.y.z"},
)


def pod_with(*projections: core.VolumeProjection, **source: object) -> core.Pod:
    """A pod with one volume, projected unless another source is named."""
    pod = make_pod(labels={"app": "web"})
    whole = core.VolumeSource(**source)  # type: ignore[arg-type]
    if not source:
        whole.projected.sources.extend(projections)
        whole.projected.default_mode = 0o640
    pod.spec.volumes.add(name="data").volume_source.CopyFrom(whole)
    return pod


def files(pod: core.Pod, sources: Sources = SOURCES) -> Payload:
    return payload(pod, pod.spec.volumes[0], sources)


def texts(pod: core.Pod) -> dict[str, bytes]:
    return {path: file.content for path, file in files(pod).items()}


def named(name: str) -> core.LocalObjectReference:
    return core.LocalObjectReference(name=name)


def of_config_map(*items: core.KeyToPath, name: str = "settings", optional: bool = False) -> core.VolumeProjection:
    return core.VolumeProjection(
        config_map=core.ConfigMapProjection(local_object_reference=named(name), items=items, optional=optional)
    )


def of_secret(*items: core.KeyToPath, name: str = "hidden", optional: bool = False) -> core.VolumeProjection:
    return core.VolumeProjection(
        secret=core.SecretProjection(local_object_reference=named(name), items=items, optional=optional)
    )


def of_fact(path: str, field: str) -> core.VolumeProjection:
    item = core.DownwardAPIVolumeFile(path=path, field_ref=core.ObjectFieldSelector(field_path=field))
    return core.VolumeProjection(downward_api=core.DownwardAPIProjection(items=[item]))


def of_token(path: str = "token", **more: object) -> core.VolumeProjection:
    token = core.ServiceAccountTokenProjection(path=path, expiration_seconds=3607, **more)  # type: ignore[arg-type]
    return core.VolumeProjection(service_account_token=token)


def test_every_key_becomes_a_file() -> None:
    config_map = core.ConfigMapVolumeSource(local_object_reference=named("settings"), default_mode=0o600)
    assert files(pod_with(config_map=config_map)) == {
        "a": File(b"1", 0o600), "b": File(b"2", 0o600), "c": File(b"\0", 0o600)
    }  # fmt: skip
    assert files(pod_with(secret=core.SecretVolumeSource(secret_name="hidden"))) == {"word": File(b"hush", 0o644)}


def test_chosen_keys_get_paths_modes_and_owners_of_their_own() -> None:
    items = [core.KeyToPath(key="a", path="deep//er/", mode=0o400), core.KeyToPath(key="b", path="b", user=7)]
    config_map = core.ConfigMapVolumeSource(local_object_reference=named("settings"), items=items, default_user=5)
    assert files(pod_with(config_map=config_map)) == {"deep/er": File(b"1", 0o400, 5), "b": File(b"2", 0o644, 7)}


def test_facts_about_the_pod_become_files() -> None:
    cpu = core.DownwardAPIVolumeFile(path="cpu", mode=0o400)
    cpu.resource_field_ref.container_name, cpu.resource_field_ref.resource = "web", "limits.cpu"
    labels = core.DownwardAPIVolumeFile(path="labels", field_ref=core.ObjectFieldSelector(field_path="metadata.labels"))
    pod = pod_with(downward_api=core.DownwardAPIVolumeSource(items=[labels, cpu]))
    found = payload(pod, pod.spec.volumes[0], Sources(allocatable={"cpu": 8}))
    assert found == {"labels": File(b'app="web"', 0o644), "cpu": File(b"8", 0o400)}


def test_a_projected_volume_has_files_of_all_its_sources() -> None:
    pod = pod_with(
        of_token(), of_config_map(core.KeyToPath(key="a", path="conf/a")), of_secret(), of_fact("name", "metadata.name")
    )
    assert texts(pod) == {"token": b"x.y.z", "conf/a": b"1", "word": b"hush", "name": b"web"}
    assert {file.mode for file in files(pod).values()} == {0o640}


def test_of_two_files_at_one_path_the_later_stands() -> None:
    assert texts(pod_with(of_config_map(core.KeyToPath(key="a", path="x")), of_fact("x", "metadata.name"))) == {"x": b"web"}
    assert texts(pod_with(of_fact("x", "metadata.name"), of_config_map(core.KeyToPath(key="a", path="x")))) == {"x": b"1"}


@pytest.mark.parametrize(
    ("projections", "told"),
    [
        ([of_config_map(name="none")], 'configmap "none" not found'),
        ([of_config_map(core.KeyToPath(key="x", path="x"))], "configmap references non-existent config key: x"),
        ([of_secret(name="none")], 'secret "none" not found'),
        ([of_secret(core.KeyToPath(key="x", path="x"))], "references non-existent secret key: x"),
        ([of_fact("x", "spec.nodeName")], "unsupported fieldPath: spec.nodeName"),
        ([of_token(audience="vault")], "failed to fetch token"),
        ([core.VolumeProjection(cluster_trust_bundle=core.ClusterTrustBundleProjection(path="x"))],
         "this node projects no sources of kind clusterTrustBundle"),
        ([of_config_map(name="none"), of_secret(name="none")], '[configmap "none" not found, secret "none" not found]'),
        ([of_fact("a", "metadata.name"), of_fact("a/b", "metadata.uid")], "a is a file and a/b needs it as a folder"),
        ([of_fact("../a", "metadata.name")], "invalid path: ../a: must be relative and must not contain '..'"),
        ([of_fact("/a", "metadata.name")], "invalid path: /a: must be relative and must not contain '..'"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told(projections: list[core.VolumeProjection], told: str) -> None:
    with pytest.raises(MountProblem) as problem:
        files(pod_with(*projections))
    assert str(problem.value) == f'MountVolume.SetUp failed for volume "data" : {told}'


def test_what_is_optional_may_be_missing() -> None:
    missing = core.KeyToPath(key="x", path="x")
    pod = pod_with(
        of_config_map(name="none", optional=True),
        of_secret(name="none", optional=True),
        of_config_map(missing, core.KeyToPath(key="a", path="a"), optional=True),
    )
    assert texts(pod) == {"a": b"1"}


@pytest.mark.parametrize(
    ("pod_user", "own_users", "group", "expected"),
    [
        (None, [None, None], None, File(b"x.y.z", 0o640)),
        (1000, [None, None], None, File(b"x.y.z", 0o600, 1000)),
        (None, [1000, 1000], None, File(b"x.y.z", 0o600, 1000)),
        (1000, [None, 2000], None, File(b"x.y.z", 0o640)),
        (None, [1000, None], None, File(b"x.y.z", 0o640)),
        (None, [None, None], 3000, File(b"x.y.z", 0o600)),
    ],
)
def test_a_token_belongs_to_the_user_of_all_containers(
    pod_user: int | None, own_users: list[int | None], group: int | None, expected: File
) -> None:
    """Others may read it only while nothing is said of users and groups."""
    pod = pod_with(of_token())
    pod.spec.containers.append(make_container("other"))
    for container, user in zip(pod.spec.containers, own_users, strict=True):
        if user is not None:
            container.security_context.run_as_user = user
    if pod_user is not None:
        pod.spec.security_context.run_as_user = pod_user
    if group is not None:
        pod.spec.security_context.fs_group = group
    assert files(pod) == {"token": expected}


def test_the_owner_that_a_token_names_goes_first() -> None:
    pod = pod_with(of_token(user=7))
    pod.spec.security_context.run_as_user = 1000
    assert file_user(pod) == 1000
    assert files(pod)["token"].owner == 7


def test_what_a_volume_comes_from_is_known_beforehand() -> None:
    pod = pod_with(of_token("a//token"), of_config_map(), of_secret())
    assert needs(pod.spec.volumes[0]) == Needs(frozenset({"settings"}), frozenset({"hidden"}), frozenset({TOKEN}))
    assert list(token_paths(pod.spec.volumes[0])) == [("a/token", TOKEN)]
    config_map = pod_with(config_map=core.ConfigMapVolumeSource(local_object_reference=named("settings")))
    assert needs(config_map.spec.volumes[0]).config_maps == {"settings"}
    assert needs(pod_with(secret=core.SecretVolumeSource(secret_name="hidden")).spec.volumes[0]).secrets == {"hidden"}
    empty = pod_with(empty_dir=core.EmptyDirVolumeSource())
    assert file_volumes(empty) == []
    assert file_volumes(pod) == list(pod.spec.volumes)


def test_a_digest_tells_payloads_apart() -> None:
    one = {"a": File(b"1", 0o644), "b": File(b"2", 0o644)}
    assert digest(one) == digest(dict(reversed(one.items())))
    others = [
        {"a": File(b"2", 0o644), "b": File(b"2", 0o644)},
        {"a": File(b"1", 0o640), "b": File(b"2", 0o644)},
        {"a": File(b"1", 0o644, 0), "b": File(b"2", 0o644)},
        {"a": File(b"1", 0o644)},
    ]
    assert len({digest(one), *map(digest, others)}) == 5
