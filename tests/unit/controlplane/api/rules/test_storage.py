"""Rules for PersistentVolumes, their claims and their classes, each broken once."""

from typing import Any

import pytest

from controlplane.api import validation
from controlplane.api.registry import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES
from protos.v1 import core_pb2 as core
from tests.unit.controlplane.api.rules.documents import problems, stored, update

MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
ZONE = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}
LOCAL = {"hostPath": None, "local": {"path": "/mnt/a"}}


def volume(**fields: Any) -> dict[str, Any]:
    """A sound volume with other fields; None takes one away."""
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}} | fields
    return {"spec": {name: value for name, value in spec.items() if value is not None}}


def claim(**fields: Any) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}} | fields
    return {"spec": {name: value for name, value in spec.items() if value is not None}}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"accessModes": ["ReadWriteOncePod"], "persistentVolumeReclaimPolicy": "Recycle", "storageClassName": "fast"},
        LOCAL | {"nodeAffinity": {"required": ZONE}, "volumeMode": "Block"},
        {"hostPath": None, "csi": {"driver": "ebs.csi.example.com", "volumeHandle": "v-1"}},
    ],
)
def test_a_sound_volume_is_accepted(fields: dict[str, Any]) -> None:
    assert problems(PERSISTENT_VOLUMES, volume(**fields)) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"hostPath": None}, ["spec: Required value: must specify a volume type"]),
        ({"nfs": {"server": "a", "path": "/"}}, ["spec.nfs: Forbidden: may not specify more than 1 volume type"]),
        ({"capacity": None}, ["spec.capacity: Required value: say how large the volume is, as in storage: 10Gi"]),
        ({"capacity": {"cpu": "1"}}, ['spec.capacity: Unsupported value: "cpu": supported values: "storage"']),
        (
            {"capacity": {"storage": "0"}},
            ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
        ),
        (
            {"capacity": {"storage": "-1"}},
            ['spec.capacity[storage]: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        ({"accessModes": []}, ["spec.accessModes: Required value"]),
        ({"accessModes": ["RW"]}, [f'spec.accessModes: Unsupported value: "RW": supported values: {MODES}']),
        (
            {"accessModes": ["ReadWriteOncePod", "ReadWriteMany"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
        ),
        (
            {"persistentVolumeReclaimPolicy": "Keep"},
            ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", '
             '"Retain"'],
        ),
        ({"volumeMode": "File"}, ['spec.volumeMode: Unsupported value: "File": supported values: "Block", "Filesystem"']),
        (LOCAL, ["spec.nodeAffinity: Required value: Local volume requires node affinity"]),
        (
            {"nodeAffinity": {}},
            ["spec.nodeAffinity.required: Required value: must specify required node constraints"],
        ),
        (
            {"nodeAffinity": {"required": {"nodeSelectorTerms": []}}},
            ["spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term"],
        ),
        (
            {"hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"},
            ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
        ),
    ],
)  # fmt: skip
def test_the_rules_of_volumes(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(PERSISTENT_VOLUMES, volume(**fields)) == found


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {"persistentVolumeReclaimPolicy": "Delete", "capacity": {"storage": "2Gi"}}, []),
        (
            {}, {"hostPath": {"path": "/other"}},
            ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"],
        ),
        ({}, {"volumeMode": "Block"}, ['spec.volumeMode: Invalid value: "Block": field is immutable']),
        ({}, {"nodeAffinity": {"required": ZONE}}, []),
    ],
)  # fmt: skip
def test_what_of_a_volume_may_change(before: dict[str, Any], after: dict[str, Any], found: list[str]) -> None:
    assert update(PERSISTENT_VOLUMES, volume(**before), volume(**after)) == found


def test_a_volume_stays_where_it_is() -> None:
    (problem,) = update(PERSISTENT_VOLUMES, volume(nodeAffinity={"required": ZONE}), volume())
    assert problem.startswith("spec.nodeAffinity: Invalid value: ")
    assert problem.endswith(": field is immutable")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"selector": {"matchLabels": {"a": "b"}}, "storageClassName": ""}, []),
        ({"accessModes": None}, ["spec.accessModes: Required value: at least 1 access mode is required"]),
        (
            {"resources": {}},
            ["spec.resources[storage]: Required value: say how much is asked for, in resources.requests"],
        ),
        (
            {"resources": {"requests": {"storage": "0"}}},
            ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
        ),
        (
            {"resources": {"requests": {"storage": "2Gi"}, "limits": {"storage": "1Gi"}}},
            ['spec.resources.requests[storage]: Invalid value: "2Gi": must be less than or equal to storage limit of 1Gi'],
        ),
        ({"volumeMode": "x"}, ['spec.volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"']),
        (
            {"dataSource": {"kind": "Pod", "name": "a"}},
            [f"spec.{field}.kind: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default "
             "apiGroup" for field in ("dataSource", "dataSourceRef")],
        ),
        (
            {"dataSource": {"kind": "PersistentVolumeClaim", "name": ""}},
            ["spec.dataSource.name: Required value", "spec.dataSourceRef.name: Required value"],
        ),
        (
            {"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
             "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"}},
            ['spec: Invalid value: {"kind":"PersistentVolumeClaim","name":"a"}: must match dataSourceRef'],
        ),
    ],
)  # fmt: skip
def test_the_rules_of_claims(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(PERSISTENT_VOLUME_CLAIMS, claim(**fields)) == found


FIXED = (
    "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
    "claims"
)
BIGGER = {"resources": {"requests": {"storage": "2Gi"}}}
SMALLER = {"resources": {"requests": {"storage": "512Mi"}}}


@pytest.mark.parametrize(
    ("before", "after", "bound", "found"),
    [
        ({}, {"volumeName": "pv-1"}, False, []),
        ({}, {"storageClassName": "fast"}, False, []),
        ({"storageClassName": "a"}, {"storageClassName": "b"}, True, [FIXED]),
        ({"volumeName": "pv-1"}, {"volumeName": "pv-2"}, True, [FIXED]),
        ({}, BIGGER, False, [FIXED]),
        ({}, BIGGER, True, []),
        ({}, {"accessModes": ["ReadWriteMany"]}, True, [FIXED]),
        ({}, SMALLER, True,
         ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]),
    ],
)  # fmt: skip
def test_a_bound_claim_may_grow_and_nothing_else(
    before: dict[str, Any], after: dict[str, Any], bound: bool, found: list[str]
) -> None:
    old, new = (stored(PERSISTENT_VOLUME_CLAIMS, claim(**fields)) for fields in (before, after))
    assert isinstance(old, core.PersistentVolumeClaim)
    old.status.phase = "Bound" if bound else "Pending"
    assert [str(one) for one in validation.update_problems(PERSISTENT_VOLUME_CLAIMS, old, new)] == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"provisioner": ""}, ["provisioner: Required value"]),
        (
            {"provisioner": "a b"},
            ["provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and "
             "must start and end with an alphanumeric character"],
        ),
        (
            {"reclaimPolicy": "Recycle"},
            ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
        ),
        (
            {"volumeBindingMode": "Later"},
            ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
        ),
        ({"parameters": {"": "x"}}, ['parameters: Invalid value: "": field must not be empty.']),
        ({"parameters": {"a": "x" * 262144}}, ["parameters: Too long: may not be more than 262144 bytes"]),
        (
            {"allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a", "a"]}, {"key": "zone"}]}]},
            ['allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
             "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
             'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"'],
        ),
    ],
)  # fmt: skip
def test_the_rules_of_storage_classes(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(STORAGE_CLASSES, {"provisioner": "example.com/disks"} | fields) == found


def test_a_storage_class_stands() -> None:
    old = {"provisioner": "a.com/b", "parameters": {"type": "fast"}}
    new = {"provisioner": "a.com/c", "reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer"}
    assert update(STORAGE_CLASSES, old, old | {"allowVolumeExpansion": True, "mountOptions": ["ro"]}) == []
    assert update(STORAGE_CLASSES, old, new) == [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]
