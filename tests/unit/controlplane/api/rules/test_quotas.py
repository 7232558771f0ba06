"""Rules for ResourceQuotas and LimitRanges, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import LIMIT_RANGES, RESOURCE_QUOTAS
from tests.unit.controlplane.api.rules.documents import problems, update

SPECIAL = "Terminating, NotTerminating, BestEffort, NotBestEffort, CrossNamespacePodAffinity"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"hard": {"pods": "10", "requests.cpu": "2500m", "count/jobs.batch": "5", "services.nodeports": "0",
                   "requests.hugepages-2Mi": "4Mi", "requests.example.com/gpu": "1", "gold.storageclass/requests": "1Gi"}},
         []),
        ({"hard": {"pods": "4"}, "scopes": ["BestEffort"]}, []),
        ({"scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]},
            {"scopeName": "Terminating", "operator": "Exists"}]}}, []),
        ({"hard": {"apples": "1"}},
         ['spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota']),
        ({"hard": {"pods": "-1"}}, ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']),
        ({"hard": {"pods": "500m"}}, ['spec.hard[pods]: Invalid value: "500m": must be an integer']),
        ({"scopes": ["Gold"]}, ['spec.scopes: Invalid value: ["Gold"]: unsupported scope']),
        ({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]},
         ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']),
        ({"hard": {"secrets": "1"}, "scopes": ["Terminating"]},
         ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource']),
        ({"scopes": ["BestEffort", "NotBestEffort"]},
         ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "Gold", "operator": "Exists"}]}},
         ['spec.scopeSelector.matchExpressions[0].scopeName: Invalid value: "Gold": unsupported scope']),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}},
         ["spec.scopeSelector.matchExpressions[0].values: Required value: must be at least one value when `operator` is "
          "'In' or 'NotIn' for scope selector"]),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}]}},
         ["spec.scopeSelector.matchExpressions[0].values: Invalid value: [\"a\"]: must be no value when `operator` is "
          "'Exists' or 'DoesNotExist' for scope selector"]),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Is"}]}},
         ['spec.scopeSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator']),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "BestEffort", "operator": "DoesNotExist"}]}},
         ['spec.scopeSelector.matchExpressions[0].operator: Invalid value: "DoesNotExist": must be \'Exists\' when scope is '
          f"any of {SPECIAL}"]),
    ],
)  # fmt: skip
def test_the_rules_of_quotas(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(RESOURCE_QUOTAS, {"spec": spec}) == found


def test_a_quotas_scopes_stand() -> None:
    old = {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}}
    assert update(RESOURCE_QUOTAS, old, {"spec": {"hard": {"pods": "2"}, "scopes": ["BestEffort"]}}) == []
    assert update(RESOURCE_QUOTAS, old, {"spec": {"hard": {"pods": "1"}}}) == [
        "spec.scopes: Invalid value: []: field is immutable"
    ]


def limit(**fields: Any) -> list[str]:
    found = problems(LIMIT_RANGES, {"spec": {"limits": [{"type": "Container"} | fields]}})
    return [problem.removeprefix("spec.limits[0].") for problem in found]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"min": {"cpu": "100m"}, "defaultRequest": {"cpu": "200m"}, "default": {"cpu": "300m"}, "max": {"cpu": "1"},
          "maxLimitRequestRatio": {"cpu": "10"}}, []),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}, []),
        ({"type": "Pod", "max": {"memory": "1Gi"}}, []),
        ({"type": "Node"}, ['type: Invalid value: "Node": must be a standard limit type or fully qualified']),
        ({"type": "Pod", "default": {"cpu": "1"}}, ["default: Forbidden: may not be specified when `type` is 'Pod'"]),
        ({"type": "PersistentVolumeClaim"},
         ["limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
        ({"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}},
         ['min[cpu]: Invalid value: "2": min value 2 is greater than max value 1']),
        ({"min": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}},
         ['defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1']),
        ({"max": {"cpu": "1"}, "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}},
         ['defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1',
          'defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1']),
        ({"min": {"cpu": "2"}, "defaultRequest": {"cpu": "2"}, "default": {"cpu": "1"}},
         ['defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1',
          'default[cpu]: Invalid value: "1": min value 2 is greater than default value 1']),
        ({"max": {"cpu": "1"}, "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}},
         ['default[cpu]: Invalid value: "2": default value 2 is greater than max value 1']),
        ({"maxLimitRequestRatio": {"cpu": "500m"}},
         ['maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']),
        ({"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}},
         ['maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000']),
        ({"max": {"apples": "1"}, "default": {"apples": "1"}, "defaultRequest": {"apples": "1"}},
         [f'{field}[apples]: Invalid value: "apples": must be a standard resource for containers'
          for field in ("max", "default", "defaultRequest")]),
    ],
)  # fmt: skip
def test_the_rules_of_limits(fields: dict[str, Any], found: list[str]) -> None:
    assert limit(**fields) == found


def test_each_type_is_limited_once() -> None:
    twice = {"spec": {"limits": [{"type": "Container"}, {"type": "Container"}]}}
    assert problems(LIMIT_RANGES, twice) == ['spec.limits[1].type: Duplicate value: "Container"']
