"""Disruption budgets: how many of the pods they guard serve, how many must, and so how many may be evicted.

How many there should be is asked of what manages the pods, so that a percentage means the same while pods come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlplane.api import disruptions, objects, registry, rollouts, times
from controlplane.api.objects import Key, copy_of, key_of
from controlplane.controllers.plan import NOTHING, Plan, plan_of, status_update
from controlplane.controllers.view import NAMESPACE, View
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import policy_pb2 as policy


class UncountableError(Exception):
    """Nobody can say how many pods there should be."""


def plan_budget(budget: policy.PodDisruptionBudget, view: View, now: float) -> Plan:
    if objects.is_terminating(budget):
        return NOTHING
    pods = [
        pod for pod in view.select(registry.PODS, NAMESPACE, budget.metadata.namespace) if disruptions.guards(budget, pod)
    ]  # fmt: skip
    fresh = copy_of(budget)
    fresh.status.observed_generation = budget.metadata.generation
    try:
        expected, desired = _wanted(budget, pods, view)
    except UncountableError as error:
        fresh.status.disruptions_allowed = 0
        disruptions.tell_failed(fresh, str(error), now)
    else:
        _count(fresh, pods, expected, desired, now)
    wait = _forget_confirmed(fresh, pods, now)
    return plan_of(status_update(fresh) if fresh.status != budget.status else None, requeue_after=wait)


def _count(
    fresh: policy.PodDisruptionBudget, pods: Sequence[core.Pod], expected: int, desired: int, now: float
) -> None:  # fmt: skip
    status = fresh.status
    status.expected_pods, status.desired_healthy = expected, desired
    status.current_healthy = disruptions.healthy(pods, fresh, now)
    # Nothing is allowed while there are no pods: a budget is safe when its first ones come.
    status.disruptions_allowed = max(0, status.current_healthy - desired) if expected > 0 else 0
    disruptions.tell_allowed(fresh, now)


def _wanted(budget: policy.PodDisruptionBudget, pods: Sequence[core.Pod], view: View) -> tuple[int, int]:
    """How many pods there should be, and how many of them healthy."""
    spec = budget.spec
    if spec.HasField("max_unavailable"):
        expected = _scale(pods, view)
        return expected, max(0, expected - disruptions.share_of(spec.max_unavailable, expected))
    if spec.min_available.type == 0:
        return len(pods), spec.min_available.int_val
    expected = _scale(pods, view)
    return expected, disruptions.share_of(spec.min_available, expected)


def _scale(pods: Iterable[core.Pod], view: View) -> int:
    """The sizes of all that manages the pods. Pods that nothing manages do not count."""
    owners: dict[str, tuple[meta.OwnerReference, core.Pod]] = {}
    for pod in sorted(pods, key=lambda pod: pod.metadata.name):  # what is told of a failure must not change by chance
        owner = objects.controller_of(pod)
        if owner is not None:
            owners.setdefault(owner.uid, (owner, pod))
    return sum(dict(_size(owner, pod, view) for owner, pod in owners.values()).values())


def _deployment_above(owner: meta.OwnerReference, pod: core.Pod, view: View) -> meta.OwnerReference | None:
    if owner.kind != registry.REPLICA_SETS.name:
        return None
    replica_set = view.get(registry.REPLICA_SETS, owner.name, pod.metadata.namespace)
    return objects.controller_of(replica_set) if replica_set is not None else None


def _size(owner: meta.OwnerReference, pod: core.Pod, view: View) -> tuple[str, int]:
    """The uid of what sets the size, and the size. Raises UncountableError."""
    above = _deployment_above(owner, pod, view) or owner
    namespace = pod.metadata.namespace
    match above.kind:
        case "Deployment":
            deployment = view.get(registry.DEPLOYMENTS, above.name, namespace)
            if deployment is not None:
                return above.uid, rollouts.desired_replicas(deployment)
        case "ReplicaSet":
            replica_set = view.get(registry.REPLICA_SETS, above.name, namespace)
            if replica_set is not None:
                return above.uid, rollouts.desired_replicas(replica_set)
        case "StatefulSet":
            stateful_set = view.get(registry.STATEFUL_SETS, above.name, namespace)
            if stateful_set is not None:
                return above.uid, stateful_set.spec.replicas if stateful_set.spec.HasField("replicas") else 1
        case "ReplicationController":
            controller = view.get(registry.REPLICATION_CONTROLLERS, above.name, namespace)
            if controller is not None:
                return above.uid, controller.spec.replicas if controller.spec.HasField("replicas") else 1
    raise UncountableError(f'found no controllers for pod "{pod.metadata.name}"')


def _forget_confirmed(fresh: policy.PodDisruptionBudget, pods: Sequence[core.Pod], now: float) -> float | None:
    """Drops, in place, evicted pods that are seen going, or that stayed; the seconds until the next will have stayed."""
    evicted = fresh.status.disrupted_pods
    staying = {pod.metadata.name for pod in pods if not objects.is_terminating(pod)}
    for name in list(evicted):
        if name not in staying or not disruptions.is_unconfirmed(fresh, name, now):
            del evicted[name]
    ends = [times.to_seconds(at) + disruptions.UNCONFIRMED_SECONDS for at in evicted.values()]
    return max(0.0, min(ends) - now) if ends else None


def budgets_of(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
    """The budgets to look at again after a change of a pod."""
    pods = [pod for pod in (old, new) if pod is not None]
    for budget in view.select(registry.POD_DISRUPTION_BUDGETS, NAMESPACE, pods[0].metadata.namespace) if pods else ():
        if any(disruptions.guards(budget, pod) for pod in pods):
            yield key_of(budget)
