"""Disruption budgets: how many pods of an application may be evicted now
(https://kubernetes.io/docs/concepts/workloads/pods/disruptions/). Pure; nothing given is changed.

The budget's status is a count that two parties keep: the disruption controller sets it, each eviction takes one from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.api import labels, objects, times
from controlplane.api.objects import copy_of
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import policy_pb2 as policy

ALLOWED = "DisruptionAllowed"
ALWAYS_ALLOW = "AlwaysAllow"
_MOST_UNCONFIRMED = 2000
# How long an evicted pod counts as gone before the controller sees it going.
UNCONFIRMED_SECONDS = 120.0


def guards(budget: policy.PodDisruptionBudget, pod: core.Pod) -> bool:
    """Whether the budget is for the pod. An empty selector is for all of its namespace, none at all for nobody."""
    if not budget.spec.HasField("selector") or budget.metadata.namespace != pod.metadata.namespace:
        return False
    return labels.from_label_selector(budget.spec.selector).matches(pod.metadata.labels)


def may_always_go(pod: core.Pod) -> bool:
    """Whether no budget protects the pod: it does not serve yet, or not any longer."""
    return pod.status.phase in ("Pending", "Succeeded", "Failed") or objects.is_terminating(pod)


def spares(budget: policy.PodDisruptionBudget, pod: core.Pod) -> bool:
    """Whether the pod's end costs the budget nothing: it is not healthy, and enough others are, or need not be."""
    if objects.condition_is(pod.status.conditions, "Ready"):
        return False
    if budget.spec.unhealthy_pod_eviction_policy == ALWAYS_ALLOW:
        return True
    return budget.status.current_healthy >= budget.status.desired_healthy > 0


def is_current(budget: policy.PodDisruptionBudget) -> bool:
    """Whether its status is about its present spec."""
    return budget.status.observed_generation >= budget.metadata.generation


def is_crowded(budget: policy.PodDisruptionBudget) -> bool:
    """Whether too many evictions wait to be seen by the controller."""
    return len(budget.status.disrupted_pods) > _MOST_UNCONFIRMED


def take_one(budget: policy.PodDisruptionBudget, pod: str, now: float) -> policy.PodDisruptionBudget:
    """The budget with one disruption less, for this pod."""
    fresh = copy_of(budget)
    fresh.status.disruptions_allowed -= 1
    fresh.status.disrupted_pods[pod].CopyFrom(times.to_time(now))
    if fresh.status.disruptions_allowed == 0:
        tell_allowed(fresh, now)
    return fresh


def tell_allowed(budget: policy.PodDisruptionBudget, now: float) -> None:
    """Sets the condition that says whether disruptions are allowed, in place."""
    enough = budget.status.disruptions_allowed > 0
    _tell(budget, enough, "SufficientPods" if enough else "InsufficientPods", "", now)


def tell_failed(budget: policy.PodDisruptionBudget, message: str, now: float) -> None:
    """Sets the condition that says why nothing is allowed, in place."""
    _tell(budget, False, "SyncFailed", message, now)


def _tell(budget: policy.PodDisruptionBudget, allowed: bool, reason: str, message: str, now: float) -> None:
    condition = meta.Condition(
        type=ALLOWED,
        status="True" if allowed else "False",
        reason=reason,
        message=message,
        observed_generation=budget.metadata.generation,
        last_transition_time=times.to_time(now),
    )
    objects.set_condition(budget.status.conditions, condition)


def share_of(amount: meta.IntOrString, total: int) -> int:
    """An absolute amount, or a percentage of the total, rounded up."""
    if amount.type == 0:
        return amount.int_val
    return -(-int(amount.str_val.rstrip("%")) * total // 100)


def healthy(pods: Iterable[core.Pod], budget: policy.PodDisruptionBudget, now: float) -> int:
    """How many of the pods serve and are not about to go."""
    return sum(
        objects.condition_is(pod.status.conditions, "Ready")
        and not objects.is_terminating(pod)
        and not is_unconfirmed(budget, pod.metadata.name, now)
        for pod in pods
    )


def is_unconfirmed(budget: policy.PodDisruptionBudget, pod: str, now: float) -> bool:
    """Whether the pod was evicted a moment ago."""
    evicted = budget.status.disrupted_pods.get(pod)
    return evicted is not None and times.to_seconds(evicted) + UNCONFIRMED_SECONDS > now
