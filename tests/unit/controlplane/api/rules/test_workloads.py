"""Rules for Deployments and ReplicaSets."""

from typing import Any

import pytest

from controlplane.api.registry import DEPLOYMENTS, REPLICA_SETS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems, update, workload

LABELLED = {"metadata": {"labels": {"app": "web"}}}


@pytest.mark.parametrize("kind", [DEPLOYMENTS, REPLICA_SETS], ids=lambda kind: kind.name)
def test_a_sound_workload_is_accepted(kind: Any) -> None:
    assert problems(kind, {"spec": workload(replicas=0, minReadySeconds=3)}) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"replicas": -1}, ["replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"selector": None}, ["selector: Required value: name labels that the template has"]),
        ({"selector": {}}, ["selector: Invalid value: {}: empty selector is invalid for deployment"]),
        (
            {"selector": {"matchLabels": {"app": "api"}}},
            ['template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`; '
             'repeat the '
             "selector's labels here"],
        ),
        (
            {"selector": {"matchLabels": {"app": "a b"}}},
            ['selector.matchLabels[app]: Invalid value: "a b": a valid label must be an empty string or consist of '
             'alphanumeric '
             "characters, '-', '_' or '.', and must start and end with an alphanumeric character"],
        ),
        (
            {"template": LABELLED | {"spec": pod_spec(restartPolicy="Never", activeDeadlineSeconds=3)}},
            ['template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
             "template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
        ),
        (
            {"template": LABELLED | {"spec": pod_spec(container(image=""))}},
            ["template.spec.containers[0].image: Required value: name an image, such as nginx:1.27"],
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            ["strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        ),
        (
            {"strategy": {"type": "BlueGreen"}},
            ['strategy.type: Unsupported value: "BlueGreen": supported values: "Recreate", "RollingUpdate"'],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
            ['strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0; no pod '
             'could ever '
             "be replaced"],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "1.5%", "maxUnavailable": -1}}},
            ["strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
             'strategy.rollingUpdate.maxSurge: Invalid value: "1.5%": a valid percent string must be a numeric string '
             'followed '
             "by an ending '%'"],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}},
            ['strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        (
            {"progressDeadlineSeconds": 5, "minReadySeconds": 5, "revisionHistoryLimit": -1},
            ["revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
             "progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_a_deployment_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(DEPLOYMENTS, {"spec": workload(**fields)}) == [f"spec.{problem}" for problem in found]


def test_a_percentage_above_a_hundred_is_fine_for_the_surge() -> None:
    assert problems(DEPLOYMENTS, {"spec": workload(strategy={"rollingUpdate": {"maxSurge": "200%"}})}) == []


def test_nothing_at_all_lacks_selector_and_containers() -> None:
    assert problems(REPLICA_SETS, {}) == [
        "spec.selector: Required value: name labels that the template has",
        "spec.template.spec.containers: Required value: a pod runs at least one container",
    ]


@pytest.mark.parametrize("kind", [DEPLOYMENTS, REPLICA_SETS], ids=lambda kind: kind.name)
def test_a_selector_stands(kind: Any) -> None:
    other = workload(selector={"matchLabels": {"app": "api"}})
    assert update(kind, {"spec": workload()}, {"spec": workload(replicas=9)}) == []
    assert update(kind, {"spec": workload()}, {"spec": other}) == [
        'spec.selector: Invalid value: {"matchLabels":{"app":"api"}}: field is immutable'
    ]
