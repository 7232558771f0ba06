"""Silence is measured by our own clock, and only while we listen."""

from __future__ import annotations

from controlplane.manager.heartbeats import Heartbeats
from tests.support.builders import make_lease, make_node


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_renewed_lease_is_a_sign_of_life_but_an_annotated_one_is_not() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    lease = make_lease("n1", renewed=1)
    heartbeats.lease_changed(None, lease)
    clock.now = 110
    assert heartbeats.silent_seconds("n1") == 10
    annotated = make_lease("n1", renewed=1)
    annotated.metadata.annotations["orlop.dev/dataplane-revision"] = "7"
    heartbeats.lease_changed(lease, annotated)
    assert heartbeats.silent_seconds("n1") == 10
    heartbeats.lease_changed(annotated, make_lease("n1", renewed=2))
    assert heartbeats.silent_seconds("n1") == 0


def test_leases_of_other_namespaces_say_nothing() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    clock.now = 130
    heartbeats.lease_changed(None, make_lease("n1", renewed=1, namespace="default"))
    assert heartbeats.silent_seconds("n1") == 30


def test_a_new_node_and_a_deaf_watcher_start_afresh() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    clock.now = 150
    heartbeats.node_changed(None, make_node("n1"))
    assert heartbeats.silent_seconds("n1") == 0
    clock.now = 200
    heartbeats.listen_anew()
    clock.now = 205
    assert heartbeats.silent_seconds("n1") == 5
    heartbeats.node_changed(make_node("n1"), None)
    assert heartbeats.silent_seconds("n1") == 5
