"""What is filled in for HorizontalPodAutoscalers."""

from typing import Any

import pytest

from controlplane.api import codec, defaults, registry

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
OWN = {"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 50}}}
UP = {
    "selectPolicy": "Max",
    "stabilizationWindowSeconds": 0,
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
SLOW = {"selectPolicy": "Min", "stabilizationWindowSeconds": 60,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "filled"),
    [
        ({"maxReplicas": 3}, {"minReplicas": 1, "maxReplicas": 3, "metrics": [CPU]}),
        (
            {"minReplicas": 2, "maxReplicas": 3, "metrics": [OWN]},
            {"minReplicas": 2, "maxReplicas": 3, "metrics": [OWN]},
        ),
        (
            {"maxReplicas": 3, "metrics": [OWN], "behavior": {}},
            {"minReplicas": 1, "maxReplicas": 3, "metrics": [OWN], "behavior": {"scaleUp": UP, "scaleDown": DOWN}},
        ),
        (
            {"maxReplicas": 3, "metrics": [OWN], "behavior": {"scaleDown": SLOW}},
            {"minReplicas": 1, "maxReplicas": 3, "metrics": [OWN], "behavior": {"scaleUp": UP, "scaleDown": SLOW}},
        ),
    ],
    ids=["nothing", "everything", "empty behavior", "own behavior"],
)
def test_what_is_unset_is_filled_in(spec: dict[str, Any], filled: dict[str, Any]) -> None:
    obj = codec.from_dict(registry.HORIZONTAL_POD_AUTOSCALERS, {"spec": spec})
    defaults.apply_defaults(registry.HORIZONTAL_POD_AUTOSCALERS, obj)
    assert codec.to_dict(registry.HORIZONTAL_POD_AUTOSCALERS, obj)["spec"] == filled
