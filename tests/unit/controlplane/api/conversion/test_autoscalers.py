"""Autoscalers in a version that knows nothing but CPU, and in one with other names."""

from typing import Any

import orjson

from controlplane.api import registry
from controlplane.api.conversion import table

KIND = registry.HORIZONTAL_POD_AUTOSCALERS
PREFIX = "autoscaling.alpha.kubernetes.io/"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
MEMORY = {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}
QPS = {
    "type": "Pods",
    "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "100"}},
}
BEHAVIOR = {"scaleDown": {"selectPolicy": "Disabled"}}
CONDITION = {"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def today(spec: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, Any]:
    doc = {"apiVersion": "autoscaling/v2", "kind": KIND.name, "metadata": {"name": "web"}, "spec": {"maxReplicas": 3} | spec}
    return doc | ({} if status is None else {"status": status})


def test_cpu_is_a_number_in_v1() -> None:
    old = table.from_current(KIND, today({"metrics": [CPU]}), "autoscaling/v1")
    assert old["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}
    assert "annotations" not in old["metadata"]
    assert table.to_current(KIND, old) == today({"metrics": [CPU]})


def test_all_else_travels_in_annotations_in_the_shape_that_they_always_had() -> None:
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 40, "averageValue": "90m"}}}
    status = {"currentMetrics": [current], "conditions": [CONDITION], "desiredReplicas": 1}
    new = today({"metrics": [MEMORY, QPS, CPU], "behavior": BEHAVIOR}, status)
    old = table.from_current(KIND, new, "autoscaling/v1")
    assert old["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}
    assert old["status"] == {"desiredReplicas": 1, "currentCPUUtilizationPercentage": 40}
    annotations = {key.removeprefix(PREFIX): orjson.loads(text) for key, text in old["metadata"]["annotations"].items()}
    assert annotations == {
        "metrics": [
            {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
            {"type": "Pods", "pods": {"metricName": "qps", "targetAverageValue": "100"}},
        ],
        "conditions": [CONDITION],
        "behavior": BEHAVIOR,
    }
    back = table.to_current(KIND, old)
    assert back["spec"] == new["spec"]
    assert back["metadata"] == new["metadata"]
    assert back["status"]["conditions"] == [CONDITION]


def test_a_second_figure_for_cpu_is_not_lost() -> None:
    other = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 90}}}
    old = table.from_current(KIND, today({"metrics": [CPU, other]}), "autoscaling/v1")
    assert old["spec"]["targetCPUUtilizationPercentage"] == 50
    assert table.to_current(KIND, old)["spec"]["metrics"] == [other, CPU]


def test_annotations_that_cannot_be_read_stay_and_say_nothing() -> None:
    annotations = {f"{PREFIX}metrics": "no json", f"{PREFIX}behavior": "[]"}
    old = {"apiVersion": "autoscaling/v1", "kind": KIND.name, "metadata": {"annotations": annotations}, "spec": {}}
    current = table.to_current(KIND, old)
    assert current["metadata"]["annotations"] == annotations
    assert current["spec"] == {}


def test_behavior_is_an_annotation_in_v2beta1_too() -> None:
    new = today({"metrics": [QPS], "behavior": BEHAVIOR})
    old = table.from_current(KIND, new, "autoscaling/v2beta1")
    assert old["spec"]["metrics"] == [{"type": "Pods", "pods": {"metricName": "qps", "targetAverageValue": "100"}}]
    assert orjson.loads(old["metadata"]["annotations"][f"{PREFIX}behavior"]) == BEHAVIOR
    assert table.to_current(KIND, old) == new
