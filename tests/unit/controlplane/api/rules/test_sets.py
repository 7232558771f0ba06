"""Rules for StatefulSets, DaemonSets and ControllerRevisions."""

from typing import Any

import pytest

from controlplane.api.registry import CONTROLLER_REVISIONS, DAEMON_SETS, STATEFUL_SETS, Kind
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems, update, workload

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
LABELLED = {"metadata": {"labels": {"app": "web"}}}
ONCE = LABELLED | {"spec": pod_spec(restartPolicy="Never", activeDeadlineSeconds=9)}


@pytest.mark.parametrize("kind", [STATEFUL_SETS, DAEMON_SETS], ids=lambda kind: kind.name)
def test_a_sound_set_is_accepted(kind: Kind[Any]) -> None:
    assert problems(kind, {"spec": workload(minReadySeconds=3)}) == []


def test_containers_may_mount_the_claims_that_their_pods_get() -> None:
    mounting = LABELLED | {"spec": pod_spec(container(volumeMounts=[{"name": "data", "mountPath": "/data"}]))}
    assert problems(STATEFUL_SETS, {"spec": workload(mounting, volumeClaimTemplates=[CLAIM])}) == []
    (told,) = problems(STATEFUL_SETS, {"spec": workload(mounting)})
    assert told.startswith('spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"')


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"replicas": -1}, ["replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"ordinals": {"start": -1}}, ["ordinals.start: Invalid value: -1: must be greater than or equal to 0"]),
        ({"revisionHistoryLimit": -1}, ["revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
        ({"selector": {}}, ["selector: Invalid value: {}: empty selector is invalid for statefulset"]),
        (
            {"podManagementPolicy": "Random"},
            ["podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
        ),
        (
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
            ['updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy '
             "'RollingUpdate'"],
        ),
        (
            {"updateStrategy": {"type": "Recreate"}},
            ["updateStrategy.type: Invalid value: \"Recreate\": must be 'RollingUpdate' or 'OnDelete'"],
        ),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1, "maxUnavailable": 0}}},
            ["updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
             "updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"],
        ),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%"}}},
            ['updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep"}},
            ['persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Delete", '
             '"Retain"'],
        ),
        (
            {"volumeClaimTemplates": [CLAIM, {"metadata": {"name": "data"}, "spec": {}}]},
            ["volumeClaimTemplates[1].spec.accessModes: Required value: at least 1 access mode is required",
             "volumeClaimTemplates[1].spec.resources[storage]: Required value",
             'volumeClaimTemplates[1].metadata.name: Duplicate value: "data"'],
        ),
        (
            {"template": ONCE},
            ['template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
             "template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_a_stateful_set_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(STATEFUL_SETS, {"spec": workload(**fields)}) == [f"spec.{problem}" for problem in found]


@pytest.mark.parametrize(
    "changed",
    [
        {"replicas": 5},
        {"ordinals": {"start": 3}},
        {"template": LABELLED | {"spec": pod_spec(container(image="nginx:2"))}},
        {"updateStrategy": {"type": "OnDelete"}},
        {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}},
        {"minReadySeconds": 5},
        {"revisionHistoryLimit": 5},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_of_a_stateful_set_may_change(changed: dict[str, Any]) -> None:
    assert update(STATEFUL_SETS, {"spec": workload()}, {"spec": workload(**changed)}) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"serviceName": "other"},
        {"podManagementPolicy": "Parallel"},
        {"volumeClaimTemplates": [CLAIM]},
        {"selector": {"matchLabels": {"app": "api"}}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_of_a_stateful_set_stands(changed: dict[str, Any]) -> None:
    (told,) = update(STATEFUL_SETS, {"spec": workload()}, {"spec": workload(**changed)})
    assert told.startswith("spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', ")
    assert told.endswith(f"; changed: {next(iter(changed))}")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"selector": {}}, ["selector: Invalid value: {}: empty selector is invalid for daemonset"]),
        ({"minReadySeconds": -1}, ["minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"updateStrategy": {"type": "Recreate"}},
            ['updateStrategy.type: Unsupported value: "Recreate": supported values: "OnDelete", "RollingUpdate"'],
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": "10%"}}},
            ['updateStrategy.rollingUpdate.maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero'],
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
            ["updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
        ),
        (
            {"template": ONCE},
            ['template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
             "template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_a_daemon_set_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(DAEMON_SETS, {"spec": workload(**fields)}) == [f"spec.{problem}" for problem in found]


def test_a_daemon_set_keeps_its_selector() -> None:
    other = workload(selector={"matchLabels": {"app": "api"}})
    (told,) = update(DAEMON_SETS, {"spec": workload()}, {"spec": other})
    assert told == 'spec.selector: Invalid value: {"matchLabels":{"app":"api"}}: field is immutable'


def test_a_revision_needs_data_and_keeps_it() -> None:
    assert problems(CONTROLLER_REVISIONS, {"data": {"a": 1}, "revision": 1}) == []
    assert problems(CONTROLLER_REVISIONS, {"revision": -1}) == [
        "data: Required value: data is mandatory",
        "revision: Invalid value: -1: must be greater than or equal to 0",
    ]
    assert update(CONTROLLER_REVISIONS, {"data": {"a": 1}, "revision": 1}, {"data": {"a": 1}, "revision": 2}) == []
    assert update(CONTROLLER_REVISIONS, {"data": {"a": 1}}, {"data": {"a": 2}}) == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]
