"""What may still change of a pod that waits behind gates, and what only an update may bring."""

from typing import Any

import pytest

from controlplane.api import validation
from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, stored, update

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
GATE = {"name": "example.com/wait"}
AT = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
ZONE_A = {"key": "zone", "operator": "In", "values": ["a"]}
DISK = {"key": "disk", "operator": "Exists"}


def gated(**fields: Any) -> dict[str, Any]:
    return {"spec": pod_spec(container(), **({"schedulingGates": [GATE]} | fields))}


def on(*terms: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [{"matchExpressions": term} for term in terms]
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": listed}}}}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {"schedulingGates": []}, []),
        ({}, {"nodeSelector": {"a": "b"}}, []),
        ({}, on([ZONE_A]), []),
        (on([ZONE_A]), on([ZONE_A, DISK]), []),
        ({}, {"schedulingGates": [GATE, {"name": "example.com/more"}]},
         ["spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'example.com/more'"]),
        ({"nodeSelector": {"a": "b"}}, {"nodeSelector": {"a": "c"}},
         ['spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or '
          "deletions)"]),
        (on([ZONE_A]), on([ZONE_A], [DISK]),
         [f"{AT}: Invalid value: 2: no additions/deletions to non-empty NodeSelectorTerms list are allowed"]),
        (on([ZONE_A]), on([DISK]),
         [f'{AT}[0]: Invalid value: {{"matchExpressions":[{{"key":"disk","operator":"Exists"}}]}}: only additions are '
          "allowed (no mutations or deletions)"]),
    ],
)  # fmt: skip
def test_a_pod_behind_gates_may_be_told_more_closely_where_to_go(
    before: dict[str, Any], after: dict[str, Any], found: list[str]
) -> None:
    assert update(PODS, gated(**before), gated(**after)) == found


def test_without_gates_a_pods_place_stands() -> None:
    (problem,) = update(PODS, gated(schedulingGates=[]), gated(schedulingGates=[], nodeSelector={"a": "b"}))
    assert "changed: nodeSelector" in problem
    (problem,) = update(PODS, gated(schedulingGates=[]), gated())
    assert problem.endswith("only deletion is allowed, but found new scheduling gate 'example.com/wait'")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"ephemeralContainers": [{"name": "shell", "image": "busybox:1"}]},
         ["spec.ephemeralContainers: Forbidden: cannot be set on create"]),
        ({"nodeName": "node-1", "schedulingGates": [GATE]},
         ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]),
    ],
)  # fmt: skip
def test_what_a_new_pod_may_not_have(fields: dict[str, Any], found: list[str]) -> None:
    pod = stored(PODS, {"spec": pod_spec(container(), **fields)})
    assert [str(one) for one in validation.creation_problems(PODS, pod)] == found
