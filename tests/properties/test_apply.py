"""What must hold for server-side apply and for strategic merge patches, whatever is applied."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from controlplane.api import codec, registry
from controlplane.api.catalogue import custom_kind
from controlplane.api.errors import BadRequest, Conflict
from controlplane.api.patches import applying, fieldsets, merging, shapes, strategic
from controlplane.api.patches.applying import Applied
from controlplane.api.patches.managers import Managers, applier
from protos.v1 import core_pb2 as core
from tests.support.messages import messages

_NAMES = {"plural": "things", "singular": "thing", "kind": "Thing"}
_TEXT = {"type": "string"}
_INNER = {"type": "object", "properties": {"x": _TEXT, "y": _TEXT}}
_THING = {
    "struct": _INNER,
    "whole": _INNER | {"x-kubernetes-map-type": "atomic"},
    "map": {"type": "object", "additionalProperties": _TEXT},
    "set": {"type": "array", "items": _TEXT, "x-kubernetes-list-type": "set"},
    "list": {"type": "array", "items": _TEXT},
    "items": {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "required": ["name"], "properties": {"name": _TEXT, "v": _TEXT, "inner": _INNER}},
    },
}  # fmt: skip
_DEFINITION: Any = codec.from_dict(registry.CUSTOM_RESOURCE_DEFINITIONS, {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": _NAMES,
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": _THING}}}}}],
    },
    "status": {"acceptedNames": _NAMES, "conditions": [], "storedVersions": ["v1"]},
})  # fmt: skip
SHAPE = shapes.of_kind(custom_kind(_DEFINITION))

VALUES = st.sampled_from(["1", "2", "3"])
INNER = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES})
ITEM = st.fixed_dictionaries({"name": st.sampled_from("abc")}, optional={"v": VALUES, "inner": INNER})
SPECS = st.fixed_dictionaries({}, optional={
    "struct": INNER,
    "whole": INNER,
    "map": st.dictionaries(st.sampled_from("pqr"), VALUES, max_size=2),
    "set": st.lists(VALUES, unique=True, max_size=3),
    "list": st.lists(VALUES, max_size=2),
    "items": st.lists(ITEM, unique_by=lambda item: item["name"], max_size=3),
})  # fmt: skip
DOCS = SPECS.map(lambda spec: {"metadata": {"name": "a"}, "spec": spec})
EMPTY: dict[str, Any] = {"metadata": {"name": "a"}}


def filled(value: Any) -> Any:
    """The document less empty objects and lists, which come and go with what is in them."""
    if isinstance(value, dict):
        parts = {name: filled(inner) for name, inner in value.items()}
        return {name: inner for name, inner in parts.items() if inner not in ({}, [])}
    return [filled(item) for item in value] if isinstance(value, list) else value


FILLED = DOCS.map(filled)


def apply(live: Any, wanted: Any, known: Managers, name: str, *, force: bool = False) -> Applied:
    return applying.apply(
        live, wanted, known, shape=SHAPE, manager=applier(name), api_version="x/v1", force=force, now=1)  # fmt: skip


@given(DOCS, DOCS)
def test_what_is_applied_is_there_and_again_is_nothing(live: Any, wanted: Any) -> None:
    once = apply(live, wanted, {}, "one")
    assert merging.merge(once.document, wanted, SHAPE) == once.document
    assert apply(once.document, wanted, once.managers, "one") == once


@given(FILLED, FILLED)
def test_a_manager_that_applies_nothing_takes_back_what_it_added_alone(live: Any, wanted: Any) -> None:
    """What was there belongs to somebody, and so is left with the values that the manager gave it at most."""
    there = apply(EMPTY, live, {}, "other")
    both = apply(there.document, wanted, there.managers, "one", force=True)
    back = apply(both.document, EMPTY, both.managers, "one")
    assert applier("one") not in back.managers
    assert fieldsets.fields_in(back.document, SHAPE) <= fieldsets.fields_in(there.document, SHAPE)
    kept = back.managers[applier("other")].fields if applier("other") in back.managers else frozenset()
    for path in kept & fieldsets.fields_in(live, SHAPE):
        assert path in fieldsets.fields_in(back.document, SHAPE)


@given(FILLED, FILLED)
def test_apply_and_apply_nothing_leaves_what_was_there(live: Any, wanted: Any) -> None:
    """Where the manager only added, all is as before."""
    there = apply(EMPTY, live, {}, "other")
    try:
        both = apply(there.document, wanted, there.managers, "one")
    except Conflict:
        return
    back = apply(both.document, EMPTY, both.managers, "one")
    difference = merging.compare(there.document, back.document, SHAPE)
    assert not difference.changed
    assert not difference.removed
    assert back.managers == there.managers


@given(FILLED, FILLED, FILLED)
def test_managers_of_different_fields_never_conflict(live: Any, first: Any, second: Any) -> None:
    one, two = (fieldsets.fields_in(doc, SHAPE) for doc in (first, second))
    conflicted = False
    applied = apply(live, first, {}, "one")
    try:
        apply(applied.document, second, applied.managers, "two")
    except Conflict as conflict:
        conflicted = True
        told = {problem.path for problem in conflict.problems}
        assert told <= set(map(fieldsets.told, one & two))
    if one.isdisjoint(two - {("f:metadata", "f:name")}):
        assert not conflicted


@given(DOCS, DOCS)
def test_force_always_wins(first: Any, second: Any) -> None:
    applied = apply(EMPTY, first, {}, "one")
    forced = apply(applied.document, second, applied.managers, "two", force=True)
    assert merging.merge(forced.document, second, SHAPE) == forced.document


@given(DOCS)
def test_a_set_of_fields_survives_its_text(document: Any) -> None:
    fields = fieldsets.fields_in(document, SHAPE)
    assert fieldsets.from_json(fieldsets.to_json(fields)) == fields


@given(DOCS, DOCS)
def test_a_comparison_is_empty_for_equals_only(old: Any, new: Any) -> None:
    difference = merging.compare(old, new, SHAPE)
    swapped = merging.compare(new, old, SHAPE)
    ordered = _in_order(old) == _in_order(new)
    assert (not difference.changed and not difference.removed) == ordered
    assert difference.removed <= swapped.changed


def _in_order(document: Any) -> Any:
    """The order of the items of a map or set is nobody's field."""
    spec = dict(document["spec"])
    for name, key in (("set", str), ("items", lambda item: item["name"])):
        if name in spec:
            spec[name] = sorted(spec[name], key=key)
    return document | {"spec": spec}


def strategic_diff(old: Any, new: Any, merge_key: str = "name") -> Any:
    """A patch that makes `new` of `old`, as kubectl would write it, for objects whose lists all merge by one key."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            patch[name] = strategic_diff(before, value)
        elif name == "containers" and isinstance(before, list):
            known = {item[merge_key]: item for item in before}
            patch[name] = [
                strategic_diff(known.get(item[merge_key], {}), item) | {merge_key: item[merge_key]} for item in value
            ]
            gone = [key for key in known if key not in {item[merge_key] for item in value}]
            patch[name] += [{merge_key: key, "$patch": "delete"} for key in gone]
            patch["$setElementOrder/containers"] = [{merge_key: item[merge_key]} for item in value]
        elif before != value:
            patch[name] = value
    return patch


CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd")}, optional={"image": VALUES, "args": st.lists(VALUES), "tty": st.booleans()}
    ),
    unique_by=lambda item: item["name"],
    max_size=4,
)
PODS = st.fixed_dictionaries({"spec": st.fixed_dictionaries({}, optional={
    "containers": CONTAINERS, "hostname": VALUES, "nodeSelector": st.dictionaries(VALUES, VALUES)})})  # fmt: skip


@given(PODS, PODS)
def test_a_strategic_patch_made_of_two_pods_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    patched = strategic.apply(old, strategic_diff(old, new), shapes.of_kind(registry.PODS))
    assert patched == new


@settings(deadline=None)
@given(messages(core.Pod), messages(core.Pod))
def test_a_patch_without_directives_applied_twice_changes_nothing_more(target: core.Pod, change: core.Pod) -> None:
    live, patch = (codec.to_dict(registry.PODS, pod) for pod in (target, change))
    shape = shapes.of_kind(registry.PODS)
    try:
        once = strategic.apply(live, patch, shape)
    except BadRequest:
        assume(condition=False)  # items without a key
    assert strategic.apply(once, patch, shape) == once
