"""What must hold for every patch."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.api import codec, patch
from controlplane.api.registry import PODS
from protos.v1 import core_pb2 as core
from tests.support.messages import messages

NAMES = st.sampled_from("abcd")
LEAVES = st.integers(0, 3) | st.sampled_from(["x", "y", ""]) | st.lists(st.integers(0, 2), max_size=2)
DOCS = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=3), lambda inner: st.dictionaries(NAMES, LEAVES | inner, max_size=3)
)
PATCHES = st.recursive(
    st.dictionaries(NAMES, LEAVES | st.none(), max_size=3),
    lambda inner: st.dictionaries(NAMES, LEAVES | st.none() | inner, max_size=3),
)


@given(DOCS, DOCS)
def test_the_difference_leads_from_the_old_to_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert patch.merge(old, patch.merge_diff(old, new)) == new


@given(DOCS, PATCHES)
def test_a_patch_applied_twice_changes_nothing_more(target: dict[str, Any], change: dict[str, Any]) -> None:
    once = patch.merge(target, change)
    assert patch.merge(once, change) == once


@given(DOCS, DOCS, DOCS)
def test_apply_brings_all_that_is_new_and_is_then_done(
    last: dict[str, Any], live: dict[str, Any], new: dict[str, Any]
) -> None:
    applied = patch.merge(live, patch.three_way(last, live, new))
    assert patch.merge(applied, new) == applied
    assert patch.three_way(new, applied, new) == {}


@given(DOCS, DOCS)
def test_apply_keeps_what_it_never_set(live: dict[str, Any], new: dict[str, Any]) -> None:
    applied = patch.merge(live, patch.three_way({}, live, new))
    assert applied == patch.merge(live, new)


@given(DOCS, DOCS)
def test_applying_nothing_removes_what_was_applied(live: dict[str, Any], last: dict[str, Any]) -> None:
    applied = patch.merge(live, patch.three_way(last, live, {}))
    assert not applied.keys() & last.keys()


@settings(deadline=None)
@given(messages(core.Pod), messages(core.Pod), messages(core.Pod))
def test_applied_objects_are_stable(last: core.Pod, live: core.Pod, new: core.Pod) -> None:
    before, present, wanted = (codec.to_dict(PODS, pod) for pod in (last, live, new))
    applied = patch.merge(present, patch.three_way(before, present, wanted, kind=PODS))
    assert patch.three_way(wanted, applied, wanted, kind=PODS) == {}
