"""Rules for PriorityClasses, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PRIORITY_CLASSES
from tests.unit.controlplane.api.rules.documents import problems, update

RESERVED = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "


@pytest.mark.parametrize(
    ("name", "fields", "found"),
    [
        ("high", {"value": 1_000_000_000}, []),
        ("low", {"value": -2_147_483_648, "preemptionPolicy": "Never"}, []),
        ("system-node-critical", {"value": 2_000_001_000}, []),
        ("high", {"value": 1_000_000_001},
         ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
        ("system-mine", {"value": 1}, [f"{RESERVED}system-mine is not a known system priority class"]),
        ("system-node-critical", {"value": 1},
         [f"{RESERVED}value of system-node-critical PriorityClass must be 2000001000"]),
        ("system-node-critical", {"value": 2_000_001_000, "globalDefault": True},
         [f"{RESERVED}globalDefault of system-node-critical must be false"]),
        ("high", {"value": 1, "preemptionPolicy": "Always"},
         ['preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"']),
    ],
)  # fmt: skip
def test_the_rules_of_priority_classes(name: str, fields: dict[str, Any], found: list[str]) -> None:
    assert problems(PRIORITY_CLASSES, {"metadata": {"name": name}} | fields) == found


def test_a_priority_stands() -> None:
    assert update(PRIORITY_CLASSES, {"value": 1}, {"value": 1, "globalDefault": True, "description": "x"}) == []
    assert update(PRIORITY_CLASSES, {"value": 1}, {"value": 2, "preemptionPolicy": "Never"}) == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]
