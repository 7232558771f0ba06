"""Rules for HorizontalPodAutoscalers."""

from typing import Any

import pytest

from controlplane.api.registry import HORIZONTAL_POD_AUTOSCALERS
from tests.unit.controlplane.api.rules.documents import problems

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
QPS = {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "100"}}


def found(**fields: Any) -> list[str]:
    return problems(HORIZONTAL_POD_AUTOSCALERS, {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 9} | fields})


@pytest.mark.parametrize(
    "metric",
    [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
        {
            "type": "ContainerResource",
            "containerResource": {
                "name": "memory",
                "container": "web",
                "target": {"type": "AverageValue", "averageValue": "1Gi"},
            },
        },
        {"type": "Pods", "pods": QPS},
        {"type": "External", "external": QPS},
        {"type": "Object", "object": QPS | {"describedObject": {"kind": "Ingress", "name": "main"}}},
    ],
    ids=lambda metric: metric["type"],
)
def test_sound_metrics_are_accepted(metric: dict[str, Any]) -> None:
    assert found(metrics=[metric]) == []


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ({}, [".type: Required value: must specify a metric source type"]),
        (
            {"type": "Magic"},
            ['.type: Unsupported value: "Magic": supported values: "ContainerResource", "External", "Object", "Pods", '
             '"Resource"'],
        ),
        ({"type": "Pods"}, [".pods: Required value: must populate information for the given metric source"]),
        (
            {"type": "Pods", "pods": QPS, "external": QPS},
            [".external: Forbidden: must populate the given metric source only"],
        ),
        (
            {"type": "Resource", "resource": {"target": {"type": "Utilization"}}},
            [".resource.name: Required value: must specify a resource name",
             ".resource.target.averageUtilization: Required value: must set either a target raw value or a target "
             "utilization"],
        ),
        (
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 0,
                                                                        "averageValue": "0"}}},
            ['.resource.target.averageValue: Invalid value: "0": must be positive',
             ".resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
             ".resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"],
        ),
        (
            {"type": "External", "external": {"metric": {"name": "a/b"}, "target": {"type": "Sum"}}},
            [".external.metric.name: Invalid value: \"a/b\": may not contain '/'",
             '.external.target.type: Invalid value: "Sum": must be either Utilization, Value, or AverageValue',
             ".external.target.averageValue: Required value: must set either a target value for metric or a per-pod target"],
        ),
        (
            {"type": "Pods", "pods": {"metric": {}, "target": {"type": "Value", "value": "1"}}},
            [".pods.metric.name: Required value: must specify a metric name",
             ".pods.target.averageValue: Required value: must specify a positive target averageValue"],
        ),
    ],
)  # fmt: skip
def test_a_broken_rule_of_a_metric_is_told(metric: dict[str, Any], told: list[str]) -> None:
    assert [problem.removeprefix("spec.metrics[0]") for problem in found(metrics=[metric])] == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"minReplicas": 0}, ["minReplicas: Invalid value: 0: must be greater than or equal to 1"]),
        (
            {"maxReplicas": 0},
            ["maxReplicas: Invalid value: 0: must be greater than 0",
             "maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"],
        ),
        (
            {"minReplicas": 10},
            ["maxReplicas: Invalid value: 9: must be greater than or equal to `minReplicas`"],
        ),
        (
            {"scaleTargetRef": {"kind": "", "name": ".."}},
            ["scaleTargetRef.kind: Required value", "scaleTargetRef.name: Invalid value: \"..\": may not be '..'"],
        ),
        (
            {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 3601, "selectPolicy": "Mean"}}},
            ["behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
             'behavior.scaleUp.selectPolicy: Unsupported value: "Mean": supported values: "Disabled", "Max", "Min"'],
        ),
        (
            {"behavior": {"scaleDown": {"policies": [{"type": "Nodes", "value": 0, "periodSeconds": 1801}]}}},
            ['behavior.scaleDown.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
             "behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
             "behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800"],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_is_told(fields: dict[str, Any], told: list[str]) -> None:
    assert found(**fields) == [f"spec.{problem}" for problem in told]
