"""The entries of `metadata.managedFields`."""

from __future__ import annotations

import pytest

from controlplane.api.patches import managers
from controlplane.api.patches.fieldsets import FieldSet
from controlplane.api.patches.managers import Share, applier, updater
from controlplane.api.patches.merging import Difference
from protos.v1 import meta_pb2 as meta

NONE: FieldSet = frozenset()


def fields(*names: str) -> FieldSet:
    return frozenset(("f:data", f"f:{name}") for name in names)


def changed(*names: str, removed: FieldSet = NONE) -> Difference:
    return Difference(fields(*names), removed)


def test_entries_are_read_as_they_were_written() -> None:
    known = {
        applier("helm"): Share(fields("a"), "v1", 7),
        updater("hand", "v1"): Share(fields("b"), "v1", 5),
        updater("hand", "v1", "status"): Share(fields("c"), "v1", 3),
    }
    entries = managers.write(known)
    assert [(e.manager, e.operation, e.subresource) for e in entries] == [
        ("helm", "Apply", ""), ("hand", "Update", "status"), ("hand", "Update", ""),
    ]  # fmt: skip
    assert managers.read(entries) == known


def test_a_manager_without_fields_has_no_entry() -> None:
    assert managers.write({applier("helm"): Share(NONE, "v1", 7)}) == []


@pytest.mark.parametrize(
    "entry",
    [
        meta.ManagedFieldsEntry(manager="a", operation="Steal", fields_type="FieldsV1"),
        meta.ManagedFieldsEntry(manager="a", operation="Apply", fields_type="FieldsV2"),
        meta.ManagedFieldsEntry(operation="Apply", fields_type="FieldsV1", fields_v1=meta.FieldsV1(raw=b'{"x": {}}')),
        meta.ManagedFieldsEntry(operation="Update", fields_type="FieldsV1", time=meta.Time(seconds=2**60)),
    ],
)
def test_other_entries_make_no_sense(entry: meta.ManagedFieldsEntry) -> None:
    with pytest.raises(ValueError, match=r"."):
        managers.read([entry])


def test_only_a_single_empty_entry_is_a_reset() -> None:
    assert managers.is_reset([meta.ManagedFieldsEntry()])
    assert not managers.is_reset([])
    assert not managers.is_reset([meta.ManagedFieldsEntry(), meta.ManagedFieldsEntry()])
    assert not managers.is_reset([meta.ManagedFieldsEntry(manager="a")])


def test_managers_are_told_as_kubernetes_does() -> None:
    share = Share(fields("a"), "apps/v1", 0)
    assert managers.told(applier("helm"), share) == '"helm"'
    assert managers.told(updater("hand", "apps/v1"), share) == '"hand" using apps/v1'
    timed = Share(fields("a"), "apps/v1", 1_750_000_000)
    assert managers.told(updater("hand", "apps/v1", "status"), timed) == (
        '"hand" with subresource "status" using apps/v1 at 2025-06-15T15:06:40Z'
    )


def test_a_writer_takes_what_it_changes_from_everybody() -> None:
    one, two, helm = updater("one", "v1"), updater("two", "v1"), applier("helm")
    before = {one: Share(fields("a", "b"), "v1", 1), helm: Share(fields("a", "c"), "v1", 2)}
    after = managers.after_update(before, changed("a", "d", removed=fields("c")), two, now=9.5)
    assert after == {one: Share(fields("b"), "v1", 1), two: Share(fields("a", "d"), "v1", 9)}


def test_a_writer_that_owns_what_it_changes_keeps_its_time() -> None:
    one = updater("one", "v1")
    before = {one: Share(fields("a"), "v1", 1)}
    assert managers.after_update(before, changed("a"), one, now=9) == before
    assert managers.after_update(before, changed("b"), one, now=9) == {one: Share(fields("a", "b"), "v1", 9)}


def test_what_the_server_sets_belongs_to_nobody() -> None:
    uid, label, status = ("f:metadata", "f:uid"), ("f:metadata", "f:labels", "f:a"), ("f:status", "f:phase")
    everything = frozenset([("f:apiVersion",), ("f:metadata",), uid, label, status])
    assert managers.own(everything) == {label, status}
    assert managers.own(everything, without=frozenset([("f:status",)])) == {label}


def test_the_oldest_of_many_updaters_are_put_together() -> None:
    known = {updater(f"m{n:02}", "v1"): Share(fields(f"k{n}"), "v1", n + 1) for n in range(10)}
    known[applier("helm")] = Share(fields("h"), "v1", 1)
    after = managers.after_update(known, changed("new"), updater("late", "v1"), now=99)
    ancient = after[updater(managers.ANCIENT_CHANGES, "v1")]
    assert ancient.fields == fields("k0", "k1")
    assert len([manager for manager in after if manager.operation == "Update"]) == 10
    assert applier("helm") in after
    assert frozenset().union(*(share.fields for share in after.values())) == fields(
        "new", "h", *(f"k{n}" for n in range(10))
    )  # fmt: skip
