"""Rules for what a Job makes of failed pods, and for when it succeeds early."""

from __future__ import annotations

import re

from controlplane.api import names
from controlplane.api.rules.places import Place
from protos.v1 import batch_pb2 as batch

_MOST_RULES = 20
_MOST_CODES = 255
_MOST_INDEX_BYTES = 64 * 1024
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_INTERVAL = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def check_failure_policy(at: Place, spec: batch.JobSpec) -> None:
    rules = spec.pod_failure_policy.rules
    if len(rules) > _MOST_RULES:
        (at / "rules").too_many(len(rules), _MOST_RULES)
    containers = {one.name for one in (*spec.template.spec.containers, *spec.template.spec.init_containers)}
    for place, rule in (at / "rules").each(rules):
        (place / "action").one_of(rule.action, _ACTIONS)
        if rule.action == "FailIndex" and not spec.HasField("backoff_limit_per_index"):
            (place / "action").invalid(rule.action, "requires the backoffLimitPerIndex to be set")
        if rule.HasField("on_exit_codes"):
            _check_exit_codes(place / "onExitCodes", rule.on_exit_codes, containers)
        _check_conditions(place / "onPodConditions", rule)
        if rule.HasField("on_exit_codes") and rule.on_pod_conditions:
            place.invalid(rule, "specifying both OnExitCodes and OnPodConditions is not supported")
        if not rule.HasField("on_exit_codes") and not rule.on_pod_conditions:
            place.invalid(rule, "specifying one of OnExitCodes and OnPodConditions is required")


def _check_exit_codes(at: Place, codes: batch.PodFailurePolicyOnExitCodesRequirement, containers: set[str]) -> None:
    (at / "operator").one_of(codes.operator, _OPERATORS)
    if codes.HasField("container_name") and codes.container_name not in containers:
        (at / "containerName").invalid(
            codes.container_name, "must be one of the container or initContainer names in the pod template"
        )
    values = at / "values"
    if not codes.values:
        values.invalid([], "at least one value is required")
    if len(codes.values) > _MOST_CODES:
        values.too_many(len(codes.values), _MOST_CODES)
    seen: set[int] = set()
    for place, code in values.each(codes.values):
        if code == 0 and codes.operator == "In":
            place.invalid(code, "must not be 0 for the In operator")
        if code in seen:
            place.duplicate(code)
        seen.add(code)
    if list(codes.values) != sorted(codes.values):
        values.invalid(list(codes.values), "must be ordered")


def _check_conditions(at: Place, rule: batch.PodFailurePolicyRule) -> None:
    if len(rule.on_pod_conditions) > _MOST_RULES:
        at.too_many(len(rule.on_pod_conditions), _MOST_RULES)
    for place, pattern in at.each(rule.on_pod_conditions):
        (place / "type").needs(pattern.type, names.qualified_name)
        (place / "status").one_of(pattern.status, _STATUSES)


def check_success_policy(at: Place, spec: batch.JobSpec) -> None:
    if not spec.HasField("success_policy"):
        return
    if spec.completion_mode != "Indexed":
        at.invalid(spec.success_policy, "requires indexed completion mode")
        return
    rules = spec.success_policy.rules
    if not rules:
        (at / "rules").required("at least one rules must be specified when the successPolicy is specified")
    if len(rules) > _MOST_RULES:
        (at / "rules").too_many(len(rules), _MOST_RULES)
    for place, rule in (at / "rules").each(rules):
        _check_success_rule(place, rule, spec.completions)


def _check_success_rule(at: Place, rule: batch.SuccessPolicyRule, completions: int) -> None:
    if not rule.HasField("succeeded_indexes") and not rule.HasField("succeeded_count"):
        at.required("at least one of succeededCount or succeededIndexes must be specified")
        return
    meant = completions
    if rule.HasField("succeeded_indexes"):
        meant = _check_indexes(at / "succeededIndexes", rule.succeeded_indexes, completions)
    if not rule.HasField("succeeded_count"):
        return
    place = at / "succeededCount"
    place.at_least_zero(rule.succeeded_count)
    if rule.succeeded_count > completions:
        place.invalid(
            rule.succeeded_count, f"must be less than or equal to {completions} (the number of specified completions)"
        )
    elif rule.succeeded_count > meant:
        place.invalid(
            rule.succeeded_count,
            f"must be less than or equal to {meant} (the number of indexes in the specified succeededIndexes field)",
        )


def _check_indexes(at: Place, text: str, completions: int) -> int:
    """How many indexes `1,3-5,7` names; as many as there are where it cannot be read."""
    if len(text.encode()) > _MOST_INDEX_BYTES:
        at.too_long(_MOST_INDEX_BYTES)
        return completions
    try:
        return _count(text, completions)
    except ValueError as error:
        at.invalid(text, f"error parsing succeededIndexes: {error}")
        return completions


def _count(text: str, completions: int) -> int:
    last, count = -1, 0
    for interval in text.split(","):
        found = _INTERVAL.fullmatch(interval)
        if found is None:
            raise ValueError(f'cannot read "{interval}"; write indexes and ranges of them, such as 1,3-5,7')
        first, end = int(found[1]), int(found[2] or found[1])
        if end >= completions:
            raise ValueError(f'too large index: "{end}"')
        if first <= last or (found[2] and end <= first):
            raise ValueError(f'non-increasing order, at "{interval}"')
        count += end - first + 1
        last = end
    return count
