"""Server-side apply, on documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controlplane.api import registry
from controlplane.api.errors import Conflict
from controlplane.api.patches import applying, fieldsets, managers, shapes
from controlplane.api.patches.applying import Applied
from controlplane.api.patches.managers import Managers, Share, applier, updater

PODS = shapes.of_kind(registry.PODS)


def apply(
    live: Mapping[str, Any], wanted: Mapping[str, Any], known: Managers, name: str = "one", *, force: bool = False
) -> Applied:
    return applying.apply(
        live, wanted, known, shape=PODS, manager=applier(name), api_version="v1", force=force, now=100)  # fmt: skip


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"containers": list(containers), **spec}}


def owners(applied: Applied, path: str) -> list[str]:
    """Who owns the field that is told like this."""
    return sorted(
        manager.name for manager, share in applied.managers.items() if path in map(fieldsets.told, share.fields)
    )  # fmt: skip


def test_an_item_that_is_no_longer_applied_goes_with_its_defaults() -> None:
    first = apply({}, pod({"name": "x"}, {"name": "y"}), {})
    live = pod({"name": "x", "imagePullPolicy": "Always"}, {"name": "y", "imagePullPolicy": "Always"})
    second = apply(live, pod({"name": "x"}), first.managers)
    assert second.document == pod({"name": "x", "imagePullPolicy": "Always"})


def test_an_item_that_another_owns_stays_with_what_it_owns() -> None:
    first = apply({}, pod({"name": "x", "image": "a", "tty": True}), {})
    second = apply(first.document, pod({"name": "x", "image": "a"}), first.managers, "two")
    third = apply(second.document, {"metadata": {"name": "a"}}, second.managers)
    assert third.document == pod({"name": "x", "image": "a"})
    assert owners(third, '.spec.containers[name="x"]') == ["two"]


def test_what_others_own_stays() -> None:
    first = apply({}, {"metadata": {"name": "a", "labels": {"mine": "1"}}}, {})
    live = {"metadata": {"name": "a", "uid": "u", "labels": {"mine": "1", "others": "2"}}}
    other = {updater("hand", "v1"): Share(frozenset([("f:metadata", "f:labels", "f:others")]), "v1", 1)}
    after = apply(live, {"metadata": {"name": "a"}}, {**first.managers, **other}).document
    assert after == {"metadata": {"name": "a", "uid": "u", "labels": {"others": "2"}}}


def test_labels_that_are_all_removed_leave_the_metadata() -> None:
    first = apply({}, {"metadata": {"name": "a", "labels": {"mine": "1"}}}, {})
    live = {"metadata": {"name": "a", "uid": "u", "labels": {"mine": "1"}}}
    assert apply(live, {"metadata": {"name": "a"}}, first.managers).document == {"metadata": {"name": "a", "uid": "u"}}


def test_an_updater_owns_what_it_changed_and_apply_conflicts_with_that_alone() -> None:
    first = apply({}, pod({"name": "x", "image": "a"}, hostname="h"), {})
    live = pod({"name": "x", "image": "b"}, hostname="h")
    hand = updater("hand", "v1")
    known = {**first.managers, hand: Share(frozenset([
        ("f:spec", "f:containers", 'k:{"name":"x"}', "f:image")]), "v1", 0)}  # fmt: skip
    with pytest.raises(Conflict) as caught:
        apply(live, pod({"name": "x", "image": "a"}, hostname="i"), known)
    path = '.spec.containers[name="x"].image'
    assert caught.value.message == f'Apply failed with 1 conflict: conflict with "hand" using v1: {path}'
    assert [(p.path, p.reason) for p in caught.value.problems] == [(path, "FieldManagerConflict")]
    taken = apply(live, pod({"name": "x", "image": "a"}, hostname="i"), known, force=True)
    assert owners(taken, path) == ["one"]
    assert hand not in taken.managers
    agreed = apply(live, pod({"name": "x", "image": "b"}, hostname="h"), known)
    assert owners(agreed, path) == ["hand", "one"]


def test_the_time_of_a_share_moves_only_with_it() -> None:
    known = {applier("one"): Share(managers.own(fieldsets.fields_in(pod(hostname="h"), PODS)), "v1", 5)}
    assert apply(pod(hostname="h"), pod(hostname="i"), known).managers[applier("one")].seconds == 5
    assert apply(pod(hostname="h"), pod(), known).managers == {}
    more = apply(pod(hostname="h"), pod(hostname="h", nodeName="n"), known)
    assert more.managers[applier("one")].seconds == 100


def test_before_the_first_apply_all_belongs_to_one_manager() -> None:
    document = {"metadata": {"name": "a", "uid": "u", "labels": {"x": "y"}}, "spec": {"hostname": "h"}, "status": {"a": 1}}
    known = applying.before_first_apply(
        document, shape=PODS, api_version="v1", without=frozenset([("f:status",)]), now=3
    )  # fmt: skip
    ((manager, share),) = known.items()
    assert manager == updater("before-first-apply", "v1")
    assert sorted(map(fieldsets.told, share.fields)) == [
        ".metadata.labels", ".metadata.labels.x", ".spec", ".spec.hostname",
    ]  # fmt: skip
