"""ReplicaSets: exact counts, whose pods are whose, and who goes first."""

from __future__ import annotations

from collections import Counter

import pytest

from controlplane.api import objects
from controlplane.api.objects import ApiObject
from controlplane.controllers.plan import Delete, Update
from controlplane.controllers.replicaset import BURST, first_to_go, plan_replica_set
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, make_deployment, make_pod, make_replica_set
from tests.support.simulation import LaggingView, Store

NOW = CREATED + 100


def view_of(*known: ApiObject) -> LaggingView:
    return LaggingView(Store(*known))


RS = make_replica_set("web-1", replicas=3)


def own_pods(count: int, **more: object) -> list[core.Pod]:
    return [make_pod(f"web-1-{n}", owner=RS, labels={"app": "web"}, **more) for n in range(count)]  # type: ignore[arg-type]


def test_missing_pods_are_made_from_the_template() -> None:
    plan = plan_replica_set(RS, view_of(RS, *own_pods(1)), NOW)
    assert len(plan.creates) == 2
    pod = plan.creates[0]
    assert isinstance(pod, core.Pod)
    assert (pod.metadata.generate_name, pod.metadata.namespace) == ("web-1-", "default")
    assert dict(pod.metadata.labels) == {"app": "web"}
    assert pod.spec == RS.spec.template.spec
    owner = objects.controller_of(pod)
    assert owner is not None
    assert (owner.api_version, owner.kind, owner.name, owner.uid) == ("apps/v1", "ReplicaSet", "web-1", RS.metadata.uid)
    assert [(event.reason, event.message) for event in plan.events] == [("SuccessfulCreate", "Created pod: {name}")] * 2


def test_surplus_pods_are_removed_and_nothing_is_made() -> None:
    plan = plan_replica_set(RS, view_of(RS, *own_pods(5)), NOW)
    assert len(plan.deletes) == 2
    assert not plan.creates
    assert [(event.reason, event.message) for event in plan.events] == [("SuccessfulDelete", "Deleted pod: {name}")] * 2


def test_pods_that_ended_or_are_ending_do_not_count() -> None:
    pods = [*own_pods(3), make_pod("failed", owner=RS, labels={"app": "web"}, phase="Failed"),
            make_pod("going", owner=RS, labels={"app": "web"}, deleted=NOW)]  # fmt: skip
    plan = plan_replica_set(RS, view_of(RS, *pods), NOW)
    assert not plan.creates
    assert not plan.deletes


def test_a_great_many_pods_come_in_batches() -> None:
    large = make_replica_set("web-1", replicas=BURST + 10)
    assert len(plan_replica_set(large, view_of(large), NOW).creates) == BURST


def test_a_matching_orphan_is_adopted_before_anything_is_made() -> None:
    orphan = make_pod("orphan", labels={"app": "web"})
    stranger = make_pod("stranger", labels={"app": "other"})
    plan = plan_replica_set(RS, view_of(RS, orphan, stranger), NOW)
    assert not plan.creates
    (write,) = plan.writes
    assert isinstance(write, Update)
    assert write.obj.metadata.name == "orphan"
    owner = objects.controller_of(write.obj)
    assert owner is not None
    assert owner.uid == RS.metadata.uid
    assert write.guards, "a deleted owner must not adopt"


def test_a_pod_that_is_no_longer_selected_is_released() -> None:
    (kept, lost) = own_pods(2)
    lost.metadata.labels["app"] = "debug"
    plan = plan_replica_set(RS, view_of(RS, kept, lost), NOW)
    assert [pod.metadata.name for pod in plan.updates] == ["web-1-1"]
    assert not plan.updates[0].metadata.owner_references


def test_a_deleted_replica_set_makes_and_removes_nothing() -> None:
    going = make_replica_set("web-1", replicas=3, deleted=NOW, finalizers=["foregroundDeletion"])
    plan = plan_replica_set(going, view_of(going, make_pod("orphan", labels={"app": "web"})), NOW)
    assert not plan.creates
    assert not plan.updates


def test_the_status_counts_ready_and_available_and_asks_to_come_back() -> None:
    waiting = make_replica_set("web-1", replicas=3, min_ready_seconds=10)
    pods = [
        make_pod("a", owner=waiting, labels={"app": "web", "extra": "1"}, ready=True, ready_since=NOW - 60),
        make_pod("b", owner=waiting, labels={"app": "web"}, ready=True, ready_since=NOW - 4),
        make_pod("c", owner=waiting, labels={"app": "web"}),
    ]
    plan = plan_replica_set(waiting, view_of(waiting, *pods), NOW)
    (changed,) = plan.status_updates
    assert isinstance(changed, type(waiting))
    status = changed.status
    assert (status.replicas, status.fully_labeled_replicas, status.ready_replicas, status.available_replicas) == (3, 3, 2, 1)
    assert status.observed_generation == 1
    assert plan.requeue_after == 6


def _named(name: str, **more: object) -> core.Pod:
    return make_pod(name, node=str(more.pop("node", "n1")), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(make_pod("z"), _named("a"), id="not placed before placed"),
        pytest.param(_named("z"), _named("a", ready=True), id="pending before running"),
        pytest.param(_named("z", phase="Running"), _named("a", ready=True), id="not ready before ready"),
        pytest.param(_named("z", ready=True, node="crowded"), _named("a", ready=True), id="crowded node first"),
        pytest.param(
            _named("z", ready=True, ready_since=NOW), _named("a", ready=True, ready_since=NOW - 9),
            id="ready for the shorter time first"),
        pytest.param(_named("z", created=NOW), _named("a", created=NOW - 9), id="youngest first"),
    ],
)  # fmt: skip
def test_who_is_missed_least_goes_first(first: core.Pod, second: core.Pod) -> None:
    neighbours = Counter({"crowded": 2, "n1": 1})
    assert [pod.metadata.name for pod in first_to_go([second, first], neighbours)] == ["z", "a"]


def test_deletion_cost_and_restarts_decide_among_equals() -> None:
    cheap, dear = _named("z", ready=True), _named("a", ready=True)
    dear.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = "100"
    assert first_to_go([dear, cheap], Counter())[0] is cheap
    shaky, solid = _named("z", ready=True), _named("a", ready=True)
    shaky.status.container_statuses.add(name="web", restart_count=4)
    assert first_to_go([solid, shaky], Counter())[0] is shaky


def test_the_crowded_node_counts_siblings_of_the_same_deployment() -> None:
    deployment = make_deployment("web")
    new = make_replica_set("web-2", replicas=1, owner=deployment)
    old = make_replica_set("web-1", replicas=1, owner=deployment)
    pods = [make_pod("new-a", owner=new, labels={"app": "web"}, node="n1", ready=True),
            make_pod("new-b", owner=new, labels={"app": "web"}, node="n2", ready=True),
            make_pod("old", owner=old, labels={"app": "web"}, node="n2", ready=True)]  # fmt: skip
    plan = plan_replica_set(new, view_of(deployment, new, old, *pods), NOW)
    (gone,) = [write for write in plan.writes if isinstance(write, Delete)]
    assert gone.obj.metadata.name == "new-b"
