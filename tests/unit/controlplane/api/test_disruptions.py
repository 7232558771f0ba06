"""What a disruption budget is for, and what its status allows."""

from __future__ import annotations

import pytest

from controlplane.api import disruptions, objects
from protos.v1 import meta_pb2 as meta
from protos.v1 import policy_pb2 as policy
from tests.support.builders import CREATED, int_or_string, make_meta, make_pod


def make_budget(*, allowed: int = 1, current: int = 3, desired: int = 2, unhealthy: str = "") -> policy.PodDisruptionBudget:
    budget = policy.PodDisruptionBudget(metadata=make_meta("web"))
    budget.spec.selector.match_labels["app"] = "web"
    if unhealthy:
        budget.spec.unhealthy_pod_eviction_policy = unhealthy
    budget.status.disruptions_allowed = allowed
    budget.status.current_healthy, budget.status.desired_healthy = current, desired
    return budget


def test_a_selector_picks_the_pods_of_its_own_namespace() -> None:
    budget = make_budget()
    assert disruptions.guards(budget, make_pod("a", labels={"app": "web"}))
    assert not disruptions.guards(budget, make_pod("a", labels={"app": "db"}))
    assert not disruptions.guards(budget, make_pod("a", "other", labels={"app": "web"}))


def test_an_empty_selector_picks_all_and_none_at_all_picks_nobody() -> None:
    budget = make_budget()
    budget.spec.selector.CopyFrom(meta.LabelSelector())
    assert disruptions.guards(budget, make_pod("a"))
    budget.spec.ClearField("selector")
    assert not disruptions.guards(budget, make_pod("a"))


def test_taking_one_changes_a_copy_and_names_the_pod() -> None:
    budget = make_budget(allowed=2)
    taken = disruptions.take_one(budget, "a", CREATED)
    assert (budget.status.disruptions_allowed, len(budget.status.disrupted_pods)) == (2, 0)
    assert (taken.status.disruptions_allowed, list(taken.status.disrupted_pods)) == (1, ["a"])
    assert not taken.status.conditions
    last = disruptions.take_one(taken, "b", CREATED)
    assert objects.condition_is(last.status.conditions, disruptions.ALLOWED, "False")


@pytest.mark.parametrize(
    ("amount", "total", "expected"),
    [(3, 10, 3), ("50%", 5, 3), ("0%", 7, 0), ("100%", 7, 7), ("1%", 100, 1), ("34%", 3, 2)],
)
def test_percentages_are_rounded_up(amount: int | str, total: int, expected: int) -> None:
    assert disruptions.share_of(int_or_string(amount), total) == expected


def test_a_pod_that_was_just_evicted_is_not_counted_as_healthy() -> None:
    pods = [make_pod("a", ready=True), make_pod("b", ready=True), make_pod("c"), make_pod("d", ready=True, deleted=CREATED)]
    budget = disruptions.take_one(make_budget(), "a", CREATED)
    assert disruptions.healthy(pods, budget, CREATED + 1) == 1
    assert disruptions.healthy(pods, budget, CREATED + disruptions.UNCONFIRMED_SECONDS) == 2


@pytest.mark.parametrize(
    ("unhealthy", "current", "desired", "ready", "spared"),
    [
        ("", 2, 2, False, True),
        ("", 1, 2, False, False),
        ("", 0, 0, False, False),
        ("AlwaysAllow", 0, 2, False, True),
        ("AlwaysAllow", 3, 2, True, False),
    ],
)
def test_an_unhealthy_pod_is_spared_the_count(unhealthy: str, current: int, desired: int, ready: bool, spared: bool) -> None:
    budget = make_budget(current=current, desired=desired, unhealthy=unhealthy)
    pod = make_pod("a", phase="Running", ready=ready)
    assert disruptions.spares(budget, pod) is spared
