"""Rules for where a pod wants to be, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import pod_spec, problems

SPREAD: dict[str, Any] = {
    "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "a"}},
}  # fmt: skip
TERM: dict[str, Any] = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "a"}}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def spread(**fields: Any) -> list[str]:
    found = problems(PODS, {"spec": pod_spec(topologySpreadConstraints=[SPREAD | fields])})
    return [problem.removeprefix("spec.topologySpreadConstraints[0].") for problem in found]


def near(**fields: Any) -> list[str]:
    found = problems(PODS, {"spec": pod_spec(affinity={"podAffinity": {REQUIRED: [TERM | fields]}})})
    return [problem.removeprefix(f"spec.affinity.podAffinity.{REQUIRED}[0].") for problem in found]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"minDomains": 2, "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["hash"]}, []),
        ({"minDomains": 0}, ["minDomains: Invalid value: 0: must be greater than zero"]),
        ({"minDomains": 1, "whenUnsatisfiable": "ScheduleAnyway"},
         ["minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"]),
        ({"nodeAffinityPolicy": "x"},
         ['nodeAffinityPolicy: Unsupported value: "x": supported values: "Honor", "Ignore"']),
        ({"nodeTaintsPolicy": "x"}, ['nodeTaintsPolicy: Unsupported value: "x": supported values: "Honor", "Ignore"']),
        ({"matchLabelKeys": ["app"]},
         ['matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector']),
    ],
)  # fmt: skip
def test_the_rules_of_spreading(fields: dict[str, Any], found: list[str]) -> None:
    assert spread(**fields) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"matchLabelKeys": ["hash"], "mismatchLabelKeys": ["tenant"]}, []),
        ({"matchLabelKeys": ["a"], "mismatchLabelKeys": ["a"]},
         ['matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys']),
        ({"mismatchLabelKeys": ["app"]},
         ['mismatchLabelKeys[0]: Invalid value: "app": exists in both mismatchLabelKeys and labelSelector']),
        ({"topologyKey": ""},
         ["topologyKey: Required value: can not be empty; kubernetes.io/hostname means a node"]),
    ],
)  # fmt: skip
def test_the_rules_of_being_near_others(fields: dict[str, Any], found: list[str]) -> None:
    assert near(**fields) == found


def test_label_keys_narrow_a_selector_that_is_there() -> None:
    bare = {"topologyKey": "zone", "matchLabelKeys": ["a"]}
    assert problems(PODS, {"spec": pod_spec(affinity={"podAntiAffinity": {REQUIRED: [bare]}})}) == [
        f"spec.affinity.podAntiAffinity.{REQUIRED}[0].matchLabelKeys: Forbidden: must not be specified when labelSelector "
        "is not set"
    ]


@pytest.mark.parametrize(
    ("requirement", "found"),
    [
        ({"operator": "In", "values": ["node-1"]}, []),
        ({"operator": "Exists"}, ['operator: Invalid value: "Exists": not a valid selector operator']),
        ({"operator": "In", "values": ["a", "b"]},
         ["values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector"]),
    ],
)  # fmt: skip
def test_a_node_is_named_alone(requirement: dict[str, Any], found: list[str]) -> None:
    terms = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name"} | requirement]}]}
    told = problems(PODS, {"spec": pod_spec(affinity={"nodeAffinity": {REQUIRED: terms}})})
    at = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchFields[0]."
    assert [problem.removeprefix(at) for problem in told] == found
