"""Garbage and namespaces, played to the end on a store in memory."""

from __future__ import annotations

from controlplane.api import registry
from controlplane.api.objects import ApiObject, copy_of
from controlplane.api.registry import Kind
from controlplane.controllers.garbage import COLLECTED, concerned, plan_garbage, ref_of
from controlplane.controllers.namespace import plan_namespace
from controlplane.controllers.plan import Absent, Delete, Update
from tests.support.builders import (
    CREATED,
    make_config_map,
    make_deployment,
    make_namespace,
    make_node,
    make_pod,
    make_replica_set,
    make_service,
)
from tests.support.simulation import LaggingView, Store

DEPLOYMENT = make_deployment("web")
RS = make_replica_set("web-1", owner=DEPLOYMENT)
PODS = [make_pod(f"web-1-{n}", owner=RS) for n in range(2)]


def collect(store: Store) -> None:
    """Looks at everything until nothing changes."""
    for _ in range(20):
        view, revision = LaggingView(store), store.revision
        for kind in COLLECTED:
            for obj in view.all(kind):
                for write in plan_garbage(ref_of(obj, view), view, store.now).writes:
                    store.apply(write)
        if store.revision == revision:
            return
    raise AssertionError("never at rest")


def names(store: Store, kind: Kind[ApiObject]) -> list[str]:
    return [obj.metadata.name for obj in store.all(kind)]


def test_dependents_of_a_deleted_owner_go_level_by_level() -> None:
    store = Store(DEPLOYMENT, RS, *PODS, make_pod("bare"))
    store.delete(store.all(registry.DEPLOYMENTS)[0])
    collect(store)
    assert names(store, registry.REPLICA_SETS) == []
    assert names(store, registry.PODS) == ["bare"]


def test_nothing_goes_while_its_owner_is_there() -> None:
    store = Store(DEPLOYMENT, RS, *PODS)
    revision = store.revision
    collect(store)
    assert store.revision == revision


def test_an_orphaning_deletion_leaves_the_dependents_without_owner() -> None:
    store = Store(DEPLOYMENT, RS, *PODS)
    store.delete(store.all(registry.DEPLOYMENTS)[0], propagation="Orphan")
    collect(store)
    assert names(store, registry.DEPLOYMENTS) == []
    (kept,) = store.all(registry.REPLICA_SETS)
    assert not kept.metadata.owner_references
    assert len(store.all(registry.PODS)) == 2


def test_a_foreground_deletion_ends_with_the_owner() -> None:
    held = copy_of(PODS[0])
    held.metadata.finalizers.append("example.com/hold")
    store = Store(DEPLOYMENT, RS, held, PODS[1])
    store.delete(store.all(registry.DEPLOYMENTS)[0], propagation="Foreground")
    collect(store)
    assert names(store, registry.DEPLOYMENTS) == ["web"], "it waits for the pod that is held"
    assert names(store, registry.PODS) == [held.metadata.name]
    store.remove(store.all(registry.PODS)[0])
    collect(store)
    assert names(store, registry.DEPLOYMENTS) == []
    assert names(store, registry.REPLICA_SETS) == []


def test_an_owner_that_the_view_does_not_show_yet_is_asked_for_in_the_store() -> None:
    plan = plan_garbage(ref_of(RS, LaggingView(Store())), LaggingView(Store(RS)), CREATED)
    (write,) = plan.writes
    assert isinstance(write, Delete)
    (guard,) = write.guards
    assert isinstance(guard, Absent)
    assert (guard.kind, guard.key.name, guard.uid) == (registry.DEPLOYMENTS, "web", DEPLOYMENT.metadata.uid)
    assert Store(DEPLOYMENT, RS).apply(write) is None


def test_a_namesake_of_the_owner_does_not_count() -> None:
    store = Store(make_deployment("web"), RS)
    renewed = copy_of(store.all(registry.DEPLOYMENTS)[0])
    renewed.metadata.uid = "another"
    store.put(renewed)
    collect(store)
    assert names(store, registry.REPLICA_SETS) == []


def test_of_several_owners_one_that_lives_is_enough() -> None:
    shared = make_pod("shared", owner=make_node("node-1"))
    shared.metadata.owner_references.extend(RS.metadata.owner_references)
    store = Store(make_node("node-1"), shared)
    collect(store)
    (kept,) = store.all(registry.PODS)
    assert [owner.kind for owner in kept.metadata.owner_references] == ["Node"]


def test_an_owner_of_an_unknown_kind_is_taken_to_live() -> None:
    pod = make_pod("custom")
    pod.metadata.owner_references.add(kind="Widget", api_version="example.com/v1", name="w", uid="w")
    assert not plan_garbage(ref_of(pod, LaggingView(Store())), LaggingView(Store(pod)), CREATED).writes


def test_changes_concern_dependents_and_waiting_owners_and_little_else() -> None:
    view = LaggingView(Store(DEPLOYMENT, RS, *PODS))
    assert list(concerned(DEPLOYMENT, None, view)) == [ref_of(RS, view)]
    assert list(concerned(None, PODS[0], view)) == [ref_of(PODS[0], view)]
    ready = copy_of(PODS[0])
    ready.status.phase = "Running"
    assert not list(concerned(PODS[0], ready, view))
    going = make_replica_set("web-1", owner=DEPLOYMENT, deleted=CREATED, finalizers=["foregroundDeletion"])
    assert list(concerned(PODS[0], None, LaggingView(Store(going)))) == [ref_of(going, LaggingView(Store()))]


def test_a_namespace_is_emptied_and_then_let_go_only_if_the_store_holds_nothing() -> None:
    namespace = make_namespace("team", deleted=CREATED)
    store = Store(namespace, make_deployment("web", "team"), make_service("web", "team"), make_config_map("c", "team"),
                  make_config_map("other", "default"), make_pod("p", "team", node="n1"))  # fmt: skip
    view = LaggingView(store)
    for write in plan_namespace(namespace, view, CREATED).writes:
        store.apply(write)
    view.catch_up()
    waiting = plan_namespace(namespace, view, CREATED)
    assert not waiting.writes, "the pod is still ending"
    store.remove(store.all(registry.PODS)[0])
    view.catch_up()
    late = store.put(make_config_map("late", "team"))
    last = [write for write in plan_namespace(store.all(registry.NAMESPACES)[0], view, CREATED).writes
            if isinstance(write, Update)]  # fmt: skip
    assert not list(last[0].obj.spec.finalizers)  # type: ignore[attr-defined]
    assert store.apply(last[0]) is None, "something came in late"
    store.remove(late)
    assert store.apply(last[0]) is not None
    assert [obj.metadata.name for obj in store.all(registry.CONFIG_MAPS)] == ["other"]


def test_an_active_namespace_is_left_alone() -> None:
    namespace = make_namespace("team")
    assert not plan_namespace(namespace, LaggingView(Store(namespace, make_config_map("c", "team"))), CREATED).writes
