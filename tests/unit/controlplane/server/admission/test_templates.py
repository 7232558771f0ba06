"""What admission made of a pod serves for its like only as long as nothing that it looked at has changed."""

from __future__ import annotations

from typing import Any

from controlplane.api import registry
from controlplane.api.kind import Kind
from controlplane.api.objects import Key, copy_of
from controlplane.server.admission.review import Review
from controlplane.server.admission.templates import AdmittedSpecs
from controlplane.server.users import Caller, User
from controlplane.store.kindcache import KindCache
from controlplane.store.records import Record
from protos.v1 import core_pb2 as core
from tests.support.builders import make_namespace, make_pod


class Caches:
    def __init__(self) -> None:
        self._kinds: dict[str, KindCache] = {}

    def of(self, kind: Kind[Any]) -> KindCache:
        return self._kinds.setdefault(kind.resource, KindCache(kind, 1))


def review(pod: core.Pod, caller: Caller | None = None) -> Review:
    obj = copy_of(pod)
    obj.metadata.generation = 0  # the server's own, as everything new comes here
    return Review(caller or Caller(User("jane")), "create", registry.PODS, Key("default", "a"), obj, None)


def namespace(revision: int) -> Record:
    return Record(registry.NAMESPACES, Key("", "default"), make_namespace("default").SerializeToString(), revision)


def knows(specs: AdmittedSpecs, pod: core.Pod, caller: Caller | None = None) -> bool:
    again = review(pod, caller)
    return specs.recall(again, specs.key_of(again))


def kept(caches: Any, pod: core.Pod) -> AdmittedSpecs:
    specs = AdmittedSpecs(caches)
    first = review(pod)
    specs.keep(first, specs.key_of(first))
    return specs


def test_a_pod_like_it_is_known_and_another_is_not() -> None:
    specs = kept(Caches(), make_pod("a"))
    assert knows(specs, make_pod("b"))
    assert not knows(specs, make_pod("b", labels={"other": "label"}))


def test_a_change_of_what_was_looked_at_makes_all_forgotten() -> None:
    caches = Caches()
    specs = kept(caches, make_pod("a"))
    caches.of(registry.NAMESPACES).put(namespace(5))
    assert not knows(specs, make_pod("a"))


def test_a_kind_that_was_read_anew_is_not_taken_for_what_it_was() -> None:
    """Its log counts from the start again and may come to the same number."""
    caches = Caches()
    caches.of(registry.NAMESPACES).put(namespace(5))
    specs = kept(caches, make_pod("a"))
    caches.of(registry.NAMESPACES).load({}, 9)
    caches.of(registry.NAMESPACES).put(namespace(10))
    assert not knows(specs, make_pod("a"))


def test_what_was_warned_of_is_worked_out_for_each_writer() -> None:
    specs, pod, caller = AdmittedSpecs(Caches()), make_pod("a"), Caller(User("jane"))  # type: ignore[arg-type]
    first = review(pod, caller)
    key = specs.key_of(first)
    caller.warn("a field without effect")
    specs.keep(first, key)
    assert not knows(specs, pod)


def test_large_pods_and_those_of_agents_are_not_kept() -> None:
    large = make_pod("a")
    large.metadata.annotations["note"] = "x" * 20_000
    assert not knows(kept(Caches(), large), large)
    agent = Caller(User("system:node:n", frozenset({"system:nodes"})))
    assert not knows(kept(Caches(), make_pod("a")), make_pod("a"), agent)
