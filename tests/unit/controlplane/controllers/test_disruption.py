"""How many disruptions a budget allows."""

from __future__ import annotations

import pytest

from controlplane.api import disruptions, objects
from controlplane.api.objects import ApiObject, Key, copy_of
from controlplane.controllers.disruption import budgets_of, plan_budget
from controlplane.controllers.plan import Plan
from protos.v1 import core_pb2 as core
from protos.v1 import policy_pb2 as policy
from tests.support.builders import CREATED, int_or_string, make_deployment, make_meta, make_pod, make_replica_set
from tests.support.simulation import LaggingView, Store

NOW = CREATED + 1000


def make_budget(
    *, min_available: int | str | None = None, max_unavailable: int | str | None = None
) -> policy.PodDisruptionBudget:
    budget = policy.PodDisruptionBudget(metadata=make_meta("web", generation=3))
    budget.spec.selector.match_labels["app"] = "web"
    if min_available is not None:
        budget.spec.min_available.CopyFrom(int_or_string(min_available))
    if max_unavailable is not None:
        budget.spec.max_unavailable.CopyFrom(int_or_string(max_unavailable))
    return budget


def make_pods(count: int, *, ready: int | None = None, owner: ApiObject | None = None) -> list[core.Pod]:
    serving = count if ready is None else ready
    return [
        make_pod(f"pod-{number}", labels={"app": "web"}, owner=owner, phase="Running", ready=number < serving)
        for number in range(count)
    ]  # fmt: skip


def plan(budget: policy.PodDisruptionBudget, *there: ApiObject, now: float = NOW) -> Plan:
    return plan_budget(budget, LaggingView(Store(*there)), now)


def status(found: Plan) -> policy.PodDisruptionBudgetStatus:
    (budget,) = found.status_updates
    assert isinstance(budget, policy.PodDisruptionBudget)
    return budget.status


def counts(found: Plan) -> tuple[int, int, int, int]:
    """Expected, desired, healthy, allowed."""
    told = status(found)
    return told.expected_pods, told.desired_healthy, told.current_healthy, told.disruptions_allowed


@pytest.mark.parametrize(
    ("budget", "ready", "expected"),
    [
        (make_budget(min_available=2), 5, (5, 2, 5, 3)),
        (make_budget(min_available=5), 5, (5, 5, 5, 0)),
        (make_budget(min_available=9), 5, (5, 9, 5, 0)),
        (make_budget(min_available="50%"), 5, (5, 3, 5, 2)),
        (make_budget(max_unavailable=1), 5, (5, 4, 5, 1)),
        (make_budget(max_unavailable=1), 3, (5, 4, 3, 0)),
        (make_budget(max_unavailable="30%"), 5, (5, 3, 5, 2)),
        (make_budget(max_unavailable=9), 5, (5, 0, 5, 5)),
    ],
)
def test_as_many_may_go_as_can_be_spared(
    budget: policy.PodDisruptionBudget, ready: int, expected: tuple[int, int, int, int]
) -> None:
    owner = make_replica_set("web", replicas=5)
    assert counts(plan(budget, owner, *make_pods(5, ready=ready, owner=owner))) == expected


def test_the_status_says_what_it_is_about_and_why() -> None:
    told = status(plan(make_budget(min_available=1), *make_pods(2)))
    assert told.observed_generation == 3
    condition = objects.find_condition(told.conditions, "DisruptionAllowed")
    assert condition is not None
    assert (condition.status, condition.reason, condition.observed_generation) == ("True", "SufficientPods", 3)


def test_a_budget_without_pods_allows_nothing() -> None:
    assert counts(plan(make_budget(max_unavailable=1))) == (0, 0, 0, 0)


def test_the_size_of_a_deployment_counts_once_over_its_replica_sets() -> None:
    deployment = make_deployment("web", replicas=4)
    old = make_replica_set("web-1", replicas=3, owner=deployment)
    new = make_replica_set("web-2", replicas=2, owner=deployment)
    pods = [
        make_pod(f"{owner.metadata.name}-{number}", labels={"app": "web"}, owner=owner, ready=True)
        for owner in (old, new)
        for number in range(2)
    ]
    assert counts(plan(make_budget(max_unavailable=1), deployment, old, new, *pods)) == (4, 3, 4, 1)


def test_pods_whose_number_nobody_sets_allow_nothing_in_percent() -> None:
    gone = make_replica_set("gone")
    told = status(plan(make_budget(max_unavailable="50%"), *make_pods(2, owner=gone)))
    condition = objects.find_condition(told.conditions, "DisruptionAllowed")
    assert condition is not None
    assert (told.disruptions_allowed, condition.reason) == (0, "SyncFailed")
    assert condition.message == 'found no controllers for pod "pod-0"'


def test_a_pod_that_goes_or_was_just_evicted_is_not_healthy() -> None:
    budget = disruptions.take_one(make_budget(min_available=1), "pod-0", NOW - 5)
    going = make_pod("going", labels={"app": "web"}, ready=True, deleted=NOW)
    found = plan(budget, *make_pods(3), going)
    assert counts(found) == (4, 1, 2, 1)
    assert list(status(found).disrupted_pods) == ["pod-0"]
    assert found.requeue_after == disruptions.UNCONFIRMED_SECONDS - 5


def test_an_evicted_pod_that_is_seen_going_or_that_stayed_is_forgotten() -> None:
    budget = disruptions.take_one(make_budget(min_available=1), "pod-0", NOW - disruptions.UNCONFIRMED_SECONDS)
    budget = disruptions.take_one(budget, "gone", NOW)
    found = plan(budget, *make_pods(3))
    assert not status(found).disrupted_pods
    assert status(found).current_healthy == 3
    assert found.requeue_after is None


def test_what_is_told_rightly_is_left_alone() -> None:
    pods = make_pods(3)
    budget = make_budget(min_available=1)
    told = copy_of(budget)
    told.status.CopyFrom(status(plan(budget, *pods)))
    assert not plan(told, *pods, now=NOW + 60).writes


def test_a_change_of_a_pod_concerns_the_budgets_that_guard_it() -> None:
    view = LaggingView(Store(make_budget(min_available=1)))
    (pod,) = make_pods(1)
    assert list(budgets_of(None, pod, view)) == [Key("default", "web")]
    assert list(budgets_of(make_pod("a"), pod, view)) == [Key("default", "web")]
    assert list(budgets_of(None, make_pod("a"), view)) == []
