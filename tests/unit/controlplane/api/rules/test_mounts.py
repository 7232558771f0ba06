"""Rules for how a container sees volumes, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems

VOLUMES = [{"name": "data", "emptyDir": {}}, {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]
ONLY_CLAIMS = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"


def of(**fields: Any) -> list[str]:
    found = problems(PODS, {"spec": pod_spec(container(**fields), volumes=VOLUMES)})
    return [problem.removeprefix("spec.containers[0].") for problem in found]


def mount(**fields: Any) -> dict[str, Any]:
    return {"volumeMounts": [{"name": "data", "mountPath": "/data"} | fields]}


def device(**fields: Any) -> dict[str, Any]:
    return {"volumeDevices": [{"name": "disk", "devicePath": "/dev/a"} | fields]}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (mount(readOnly=True, recursiveReadOnly="Enabled"), []),
        (mount(mountPropagation="Bidirectional") | {"securityContext": {"privileged": True}}, []),
        (device(), []),
        (mount(name="other"), ['volumeMounts[0].name: Not found: "other": name one of spec.volumes']),
        (mount(subPath="a", subPathExpr="b"),
         ['volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive']),
        (mount(subPath="/a"), ['volumeMounts[0].subPath: Invalid value: "/a": must be a relative path']),
        (mount(subPathExpr="a/.."), ["volumeMounts[0].subPathExpr: Invalid value: \"a/..\": must not contain '..'"]),
        (mount(mountPropagation="Bidirectional"),
         ["volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged "
          "containers"]),
        (mount(recursiveReadOnly="Enabled"),
         ["volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true"]),
        (mount(recursiveReadOnly="IfPossible", readOnly=True, mountPropagation="HostToContainer"),
         ["volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not "
          "specified"]),
        (mount(recursiveReadOnly="x"),
         ['volumeMounts[0].recursiveReadOnly: Unsupported value: "x": supported values: "Disabled", "Enabled", '
          '"IfPossible"']),
        (device(name=""), ["volumeDevices[0].name: Required value"]),
        (device(name="other"), ['volumeDevices[0].name: Not found: "other": name one of spec.volumes']),
        (device(name="data"), [f'volumeDevices[0].name: Invalid value: "data": {ONLY_CLAIMS}']),
        (device(devicePath=""), ["volumeDevices[0].devicePath: Required value"]),
        (device(devicePath="/dev/../a"),
         ["volumeDevices[0].devicePath: Invalid value: \"/dev/../a\": must not contain '..'"]),
        (mount(name="disk", mountPath="/dev/a") | device(),
         ['volumeDevices[0].name: Invalid value: "disk": must be unique',
          'volumeDevices[0].devicePath: Invalid value: "/dev/a": must be unique']),
    ],
)  # fmt: skip
def test_the_rules_of_mounts_and_devices(fields: dict[str, Any], found: list[str]) -> None:
    assert of(**fields) == found
