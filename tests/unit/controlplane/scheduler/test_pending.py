"""The order in which waiting pods are tried, and when a hopeless one is tried again."""

from __future__ import annotations

from controlplane.api.objects import Key
from controlplane.scheduler.pending import LONGEST_PAUSE, LONGEST_WAIT, PendingPods


def key(name: str) -> Key:
    return Key("default", name)


def taken(pending: PendingPods, now: float, most: int = 10) -> list[str]:
    return [one.name for one in pending.take(most, now)]


def test_priority_first_then_who_came_first() -> None:
    pending = PendingPods()
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        pending.add(key(name), priority)
    assert taken(pending, 0, 3) == ["b", "d", "a"]
    assert taken(pending, 0) == ["c"]
    assert pending.next_due() is None
    assert len(pending) == 4


def test_a_failed_pod_comes_back_after_a_pause_that_doubles() -> None:
    pending = PendingPods()
    pending.add(key("a"), 0)
    now, pauses = 0.0, []
    for _ in range(6):
        assert taken(pending, now) == ["a"]
        pending.failed(key("a"), now, waits_for_change=False)
        due = pending.next_due()
        assert due is not None
        pauses.append(due - now)
        assert taken(pending, due - 0.1) == []
        now = due
    assert pauses == [1, 2, 4, 8, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_hopeless_pod_waits_for_a_change_but_not_for_ever() -> None:
    pending = PendingPods()
    pending.add(key("a"), 0)
    assert taken(pending, 0) == ["a"]
    pending.failed(key("a"), 0, waits_for_change=True)
    assert taken(pending, 100) == []
    assert taken(pending, LONGEST_WAIT) == ["a"]
    pending.failed(key("a"), 400, waits_for_change=True)
    pending.something_changed()
    assert taken(pending, 401) == [], "the pause still holds"
    assert taken(pending, 402) == ["a"]
    assert taken(pending, 2000) == [], "the old date no longer counts"


def test_a_removed_or_renewed_pod_is_tried_at_most_once() -> None:
    pending = PendingPods()
    pending.add(key("a"), 0)
    pending.add(key("a"), 0)
    assert taken(pending, 0) == ["a"]
    pending.failed(key("a"), 0, waits_for_change=True)
    pending.remove(key("a"))
    pending.something_changed()
    assert taken(pending, 1000) == []
    assert key("a") not in pending
