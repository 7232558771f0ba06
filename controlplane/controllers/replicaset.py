"""ReplicaSets: as many pods as asked for, exactly; which one dies first follows Kubernetes' order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from controlplane.api import labels, objects, registry
from controlplane.api.rollouts import desired_replicas
from controlplane.controllers import ownership, pods
from controlplane.controllers.plan import Create, Delete, Event, Plan, Update, Write, status_update
from controlplane.controllers.view import CONTROLLED_BY, ORPHANS_IN, View
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

# Pods made or removed at once; the next plan goes on from there.
BURST = 500

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def plan_replica_set(replica_set: apps.ReplicaSet, view: View, now: float) -> Plan:
    owned = view.select(registry.PODS, CONTROLLED_BY, replica_set.metadata.uid)
    selector = labels.from_label_selector(replica_set.spec.selector)
    orphans = view.select(registry.PODS, ORPHANS_IN, replica_set.metadata.namespace)
    claims = ownership.claims(replica_set, selector, owned=owned, orphans=orphans)
    if claims:
        return Plan(tuple(claims))
    active = [pod for pod in owned if pods.is_active(pod)]
    writes: list[Write] = []
    if not objects.is_terminating(replica_set):
        writes.extend(_corrections(replica_set, active, view))
    status = _status(replica_set, active, now)
    if status is not None:
        writes.append(status)
    return Plan(tuple(writes), _next_available(replica_set, active, now))


def _corrections(replica_set: apps.ReplicaSet, active: Sequence[core.Pod], view: View) -> Sequence[Write]:
    missing = desired_replicas(replica_set) - len(active)
    if missing > 0:
        return [_create(replica_set) for _ in range(min(missing, BURST))]
    if missing < 0:
        doomed = first_to_go(active, _neighbours(replica_set, view))[: min(-missing, BURST)]
        return [_delete(replica_set, pod) for pod in doomed]
    return ()


def _create(replica_set: apps.ReplicaSet) -> Create:
    template = replica_set.spec.template
    pod = core.Pod(spec=template.spec)
    pod.metadata.generate_name = f"{replica_set.metadata.name}-"
    pod.metadata.namespace = replica_set.metadata.namespace
    pod.metadata.labels.update(template.metadata.labels)
    pod.metadata.annotations.update(template.metadata.annotations)
    pod.metadata.finalizers.extend(template.metadata.finalizers)
    pod.metadata.owner_references.append(ownership.reference_to(replica_set))
    return Create(
        pod,
        event=Event(replica_set, "SuccessfulCreate", "Created pod: {name}"),
        failure=Event(replica_set, "FailedCreate", "Error creating: {error}", "Warning"),
    )


def _delete(replica_set: apps.ReplicaSet, pod: core.Pod) -> Delete:
    return Delete(
        pod,
        event=Event(replica_set, "SuccessfulDelete", "Deleted pod: {name}"),
        failure=Event(replica_set, "FailedDelete", "Error deleting: {error}", "Warning"),
    )


def _neighbours(replica_set: apps.ReplicaSet, view: View) -> Counter[str]:
    """Per node, the active pods of this ReplicaSet and of its siblings under one Deployment."""
    owner = objects.controller_of(replica_set)
    siblings = [replica_set]
    if owner is not None:
        siblings = list(view.select(registry.REPLICA_SETS, CONTROLLED_BY, owner.uid))
    return Counter(
        pod.spec.node_name
        for sibling in siblings
        for pod in view.select(registry.PODS, CONTROLLED_BY, sibling.metadata.uid)
        if pods.is_active(pod)
    )


def first_to_go(active: Sequence[core.Pod], neighbours: Counter[str]) -> list[core.Pod]:
    """The pods ordered by who is missed least: not placed, not started, not ready, cheap by annotation, crowded on its node,
    ready for the shortest time, restarted most, youngest."""
    return sorted(active, key=_missed_least(neighbours))


def _missed_least(neighbours: Counter[str]) -> Callable[[core.Pod], tuple[object, ...]]:
    def order(pod: core.Pod) -> tuple[object, ...]:
        since = pods.ready_since(pod)
        return (
            pod.spec.node_name != "",
            _PHASES.get(pod.status.phase, 0),
            since is not None,
            _deletion_cost(pod),
            -neighbours[pod.spec.node_name],
            -(since or 0.0),
            -pods.restarts(pod),
            -pod.metadata.creation_timestamp.seconds,
            pod.metadata.name,
        )

    return order


def _deletion_cost(pod: core.Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _status(replica_set: apps.ReplicaSet, active: Sequence[core.Pod], now: float) -> Update | None:
    fresh = objects.copy_of(replica_set)
    wanted = replica_set.spec.template.metadata.labels.items()
    waits = [pods.seconds_to_available(pod, replica_set.spec.min_ready_seconds, now) for pod in active]
    status = fresh.status
    status.replicas = len(active)
    status.fully_labeled_replicas = sum(wanted <= pod.metadata.labels.items() for pod in active)
    status.ready_replicas = sum(wait is not None for wait in waits)
    status.available_replicas = sum(wait == 0 for wait in waits)
    status.observed_generation = replica_set.metadata.generation
    return status_update(fresh) if status != replica_set.status else None


def _next_available(replica_set: apps.ReplicaSet, active: Sequence[core.Pod], now: float) -> float | None:
    waits = [pods.seconds_to_available(pod, replica_set.spec.min_ready_seconds, now) for pod in active]
    return min((wait for wait in waits if wait), default=None)
