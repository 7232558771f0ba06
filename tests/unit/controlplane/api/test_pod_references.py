"""What a pod names, wherever in it the name stands."""

from __future__ import annotations

import pytest

from controlplane.api import codec, registry
from controlplane.api.pod_references import MIRROR, NOTHING, References, references_of
from protos.v1 import core_pb2 as core


def pod(spec: dict[str, object], **annotations: str) -> core.Pod:
    document = {"metadata": {"name": "web", "annotations": annotations}, "spec": spec}
    made = codec.from_dict(registry.PODS, document)
    assert isinstance(made, core.Pod)
    return made


def with_volume(**source: object) -> dict[str, object]:
    return {"volumes": [{"name": "v", **source}]}


def with_container(**container: object) -> dict[str, object]:
    return {"containers": [{"name": "c", **container}]}


SECRET, CONFIG_MAP = References(secrets=frozenset({"s"})), References(config_maps=frozenset({"m"}))
CLAIM = References(claims=frozenset({"p"}))
FROM_SECRET = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
FROM_MAP = {"valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}
REF = {"secretRef": {"name": "s"}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, NOTHING),
        ({"serviceAccountName": "a"}, References(service_accounts=frozenset({"a"}))),
        ({"imagePullSecrets": [{"name": "s"}]}, SECRET),
        (with_volume(secret={"secretName": "s"}), SECRET),
        (with_volume(configMap={"name": "m"}), CONFIG_MAP),
        (with_volume(projected={"sources": [{"secret": {"name": "s"}}]}), SECRET),
        (with_volume(projected={"sources": [{"configMap": {"name": "m"}}]}), CONFIG_MAP),
        (with_volume(persistentVolumeClaim={"claimName": "p"}), CLAIM),
        ({"volumes": [{"name": "v", "ephemeral": {}}]}, References(claims=frozenset({"web-v"}))),
        (with_volume(csi={"driver": "d", "nodePublishSecretRef": {"name": "s"}}), SECRET),
        (with_volume(azureFile={"secretName": "s", "shareName": "x"}), SECRET),
        (with_volume(rbd={"monitors": [], "image": "i", **REF}), SECRET),
        (with_volume(iscsi={"targetPortal": "t", "iqn": "i", "lun": 0, **REF}), SECRET),
        (with_volume(flexVolume={"driver": "d", **REF}), SECRET),
        (with_container(env=[{"name": "E", **FROM_SECRET}]), SECRET),
        (with_container(env=[{"name": "E", **FROM_MAP}]), CONFIG_MAP),
        (with_container(envFrom=[REF]), SECRET),
        (with_container(envFrom=[{"configMapRef": {"name": "m"}}]), CONFIG_MAP),
        ({"initContainers": [{"name": "i", "envFrom": [REF]}]}, SECRET),
        ({"ephemeralContainers": [{"name": "e", "envFrom": [REF]}]}, SECRET),
        (with_volume(emptyDir={}), NOTHING),
    ],
)  # fmt: skip
def test_a_pod_names(spec: dict[str, object], expected: References) -> None:
    assert references_of(pod(spec)) == expected


def test_a_mirror_pod_names_nothing() -> None:
    assert references_of(pod({"serviceAccountName": "a", **with_container(envFrom=[REF])}, **{MIRROR: "x"})) == NOTHING
