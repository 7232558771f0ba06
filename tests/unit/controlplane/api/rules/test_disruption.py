"""Rules for PodDisruptionBudgets."""

from typing import Any

import pytest

from controlplane.api.registry import POD_DISRUPTION_BUDGETS
from tests.unit.controlplane.api.rules.documents import problems


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"minAvailable": "50%", "selector": {}}, []),
        ({"maxUnavailable": 0}, []),
        ({"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}, []),
        (
            {"minAvailable": 1, "maxUnavailable": 1},
            ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both '
             'set'],
        ),
        ({"minAvailable": -1}, ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
        ({"maxUnavailable": "200%"}, ['spec.maxUnavailable: Invalid value: "200%": must not be greater than 100%']),
        (
            {"maxUnavailable": "half"},
            ["spec.maxUnavailable: Invalid value: \"half\": a valid percent string must be a numeric string followed by an "
             "ending '%'"],
        ),
        (
            {"unhealthyPodEvictionPolicy": "Never"},
            ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", '
             '"IfHealthyBudget"'],
        ),
    ],
)  # fmt: skip
def test_rules_of_a_budget(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(POD_DISRUPTION_BUDGETS, {"spec": spec}) == found
