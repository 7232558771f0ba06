"""What a Job makes of failed pods, and when it succeeds early."""

from typing import Any

import pytest

from controlplane.api import codec
from controlplane.api.errors import Problem
from controlplane.api.rules.job_policies import check_failure_policy, check_success_policy
from controlplane.api.rules.places import Place
from protos.v1 import batch_pb2 as batch
from tests.unit.controlplane.api.rules.documents import pod_spec


def checked(check: Any, **fields: Any) -> list[str]:
    doc = {"template": {"spec": pod_spec()}} | fields
    spec = codec.message_from_dict(doc, batch.JobSpec())
    problems: list[Problem] = []
    check(Place.root(problems) / "policy", spec)
    return [str(problem).removeprefix("policy.") for problem in problems]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}, []),
        ({"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [0, 1], "containerName": "web"}}, []),
        (
            {"action": "Retry", "onExitCodes": {"operator": "In", "values": [1]}},
            ['action: Unsupported value: "Retry": supported values: "Count", "FailIndex", "FailJob", "Ignore"'],
        ),
        (
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}},
            ['action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "In", "values": [3, 0, 3], "containerName": "db"}},
            ['onExitCodes.containerName: Invalid value: "db": must be one of the container or initContainer names in the '
             'pod template',
             "onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
             "onExitCodes.values[2]: Duplicate value: 3",
             "onExitCodes.values: Invalid value: [3,0,3]: must be ordered"],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "Is", "values": []}},
            ['onExitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
             "onExitCodes.values: Invalid value: []: at least one value is required"],
        ),
        (
            {"action": "Count", "onPodConditions": [{"type": "", "status": "Maybe"}]},
            ["onPodConditions[0].type: Required value",
             'onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"'],
        ),
    ],
)  # fmt: skip
def test_rules_for_failed_pods(rule: dict[str, Any], found: list[str]) -> None:
    policy = {"podFailurePolicy": {"rules": [rule]}}
    assert checked(check_failure_policy, **policy) == [f"rules[0].{one}" for one in found]


def test_a_rule_is_for_exit_codes_or_for_conditions() -> None:
    codes, conditions = {"operator": "In", "values": [1]}, [{"type": "A", "status": "True"}]
    rules = [{"action": "Count"}, {"action": "Count", "onExitCodes": codes, "onPodConditions": conditions}]
    neither, both = checked(check_failure_policy, podFailurePolicy={"rules": rules})
    assert neither.endswith("specifying one of OnExitCodes and OnPodConditions is required")
    assert both.endswith("specifying both OnExitCodes and OnPodConditions is not supported")


def test_there_are_at_most_twenty_rules() -> None:
    rules = [{"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}}] * 21
    assert checked(check_failure_policy, podFailurePolicy={"rules": rules}) == [
        "rules: Too many: 21: must have at most 20 items"
    ]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"succeededIndexes": "0,2-4,9"}, []),
        ({"succeededCount": 3}, []),
        ({"succeededIndexes": "0-4", "succeededCount": 5}, []),
        ({}, [": Required value: at least one of succeededCount or succeededIndexes must be specified"]),
        (
            {"succeededCount": 11},
            [".succeededCount: Invalid value: 11: must be less than or equal to 10 (the number of specified completions)"],
        ),
        (
            {"succeededIndexes": "1,3", "succeededCount": 3},
            [".succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified "
             "succeededIndexes field)"],
        ),
        (
            {"succeededIndexes": "3,1"},
            ['.succeededIndexes: Invalid value: "3,1": error parsing succeededIndexes: non-increasing order, at "1"'],
        ),
        (
            {"succeededIndexes": "1-10"},
            ['.succeededIndexes: Invalid value: "1-10": error parsing succeededIndexes: too large index: "10"'],
        ),
        (
            {"succeededIndexes": "one"},
            ['.succeededIndexes: Invalid value: "one": error parsing succeededIndexes: cannot read "one"; write indexes '
             'and ranges of them, such as 1,3-5,7'],
        ),
    ],
)  # fmt: skip
def test_rules_for_succeeding_early(rule: dict[str, Any], found: list[str]) -> None:
    fields = {"completionMode": "Indexed", "completions": 10, "successPolicy": {"rules": [rule]}}
    assert checked(check_success_policy, **fields) == [f"rules[0]{one}" for one in found]


def test_only_an_indexed_job_succeeds_early() -> None:
    (told,) = checked(check_success_policy, successPolicy={"rules": [{"succeededCount": 1}]})
    assert told.endswith("requires indexed completion mode")
    assert checked(check_success_policy, completionMode="Indexed", completions=1, successPolicy={"rules": []}) == [
        "rules: Required value: at least one rules must be specified when the successPolicy is specified"
    ]
