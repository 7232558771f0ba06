"""A key waits until the view shows what was written for it."""

from __future__ import annotations

from controlplane.api import registry
from controlplane.manager.expectations import Expectations
from tests.support.builders import make_pod, make_replica_set
from tests.support.simulation import LaggingView, Store


def test_a_key_waits_for_the_revision_of_what_it_wrote() -> None:
    store = Store()
    view = LaggingView(store)
    expectations: Expectations[str] = Expectations(view)
    first, second = store.put(make_pod("a")), store.put(make_pod("b"))
    expectations.wrote("web", first)
    expectations.wrote("web", second)
    assert expectations.unmet("other") is None
    assert expectations.unmet("web") is registry.PODS
    view.catch_up(registry.PODS, 1)
    assert expectations.unmet("web") is registry.PODS
    view.catch_up(registry.PODS, 1)
    assert expectations.unmet("web") is None


def test_a_deletion_is_shown_by_a_terminating_pod_or_by_none() -> None:
    store = Store(make_pod("bound", node="n1"), make_pod("loose"))
    view = LaggingView(store)
    expectations: Expectations[str] = Expectations(view)
    for pod in store.all(registry.PODS):
        store.delete(pod)
        expectations.deleted("web", pod)
    assert expectations.unmet("web") is registry.PODS
    view.catch_up(registry.PODS, 1)
    assert expectations.unmet("web") is registry.PODS
    view.catch_up(registry.PODS, 1)
    assert expectations.unmet("web") is None


def test_a_namesake_of_the_deleted_object_is_not_waited_for() -> None:
    store = Store(make_pod("a", uid="new"))
    expectations: Expectations[str] = Expectations(LaggingView(store))
    expectations.deleted("web", make_pod("a", uid="old"))
    assert expectations.unmet("web") is None


def test_several_kinds_are_waited_for_one_after_another() -> None:
    store = Store()
    view = LaggingView(store)
    expectations: Expectations[str] = Expectations(view)
    expectations.wrote("web", store.put(make_replica_set("web-1")))
    expectations.wrote("web", store.put(make_pod("a")))
    view.catch_up(registry.REPLICA_SETS)
    assert expectations.unmet("web") is registry.PODS
    expectations.forget("web")
    assert expectations.unmet("web") is None
