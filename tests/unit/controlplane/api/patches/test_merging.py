"""Documents merged, compared and cut by the rules of server-side apply."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controlplane.api import registry
from controlplane.api.patches import fieldsets, merging, shapes

PODS = shapes.of_kind(registry.PODS)


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def names(document: dict[str, Any]) -> list[str]:
    return [container["name"] for container in document["spec"]["containers"]]


@pytest.mark.parametrize(
    ("live", "wanted", "merged"),
    [
        ("abx", "ba", "bxa"),  # the wanted order; what others put in keeps its place before what follows
        ("xb", "nb", "xnb"),
        ("ab", "c", "abc"),
        ("", "ab", "ab"),
        ("ab", "", "ab"),
        ("abc", "acb", "acb"),
        ("axb", "ab", "axb"),
    ],
)
def test_items_come_in_the_wanted_order_among_those_of_others(live: str, wanted: str, merged: str) -> None:
    live_pod, wanted_pod = (pod(*({"name": name} for name in text)) for text in (live, wanted))
    assert "".join(names(merging.merge(live_pod, wanted_pod, PODS))) == merged


def test_items_merge_field_by_field_and_whole_values_do_not() -> None:
    live = pod({"name": "a", "image": "x", "args": ["1"]}, nodeSelector={"a": "b"})
    wanted = pod({"name": "a", "args": ["2"]}, nodeSelector={"c": "d"})
    before = copy.deepcopy((live, wanted))
    assert merging.merge(live, wanted, PODS) == pod({"name": "a", "image": "x", "args": ["2"]}, nodeSelector={"c": "d"})
    assert (live, wanted) == before


def test_a_port_is_the_same_without_the_default_protocol() -> None:
    live = pod({"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "x"}]})
    wanted = pod({"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]})
    ports = merging.merge(live, wanted, PODS)["spec"]["containers"][0]["ports"]
    assert ports == [{"containerPort": 80, "protocol": "TCP", "name": "x"}, {"containerPort": 80, "protocol": "UDP"}]


def test_sets_are_joined() -> None:
    merged = merging.merge({"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["c", "b"]}}, PODS)
    assert merged == {"metadata": {"finalizers": ["a", "c", "b"]}}


def test_a_comparison_tells_what_changed_and_what_went() -> None:
    old = {"metadata": {"labels": {"a": "1", "b": "1"}}, **pod({"name": "x", "image": "1"}, {"name": "y"})}
    new = {"metadata": {"labels": {"a": "2", "c": "1"}}, **pod({"name": "x", "image": "2"}, {"name": "z"})}
    difference = merging.compare(old, new, PODS)
    assert sorted(map(fieldsets.told, difference.changed)) == [
        ".metadata.labels.a", ".metadata.labels.c", '.spec.containers[name="x"].image', '.spec.containers[name="z"]',
        '.spec.containers[name="z"].name',
    ]  # fmt: skip
    assert sorted(map(fieldsets.told, difference.removed)) == [
        ".metadata.labels.b", '.spec.containers[name="y"]', '.spec.containers[name="y"].name',
    ]  # fmt: skip


def test_a_whole_value_changes_as_one() -> None:
    difference = merging.compare({"spec": {"nodeSelector": {"a": "1"}}}, {"spec": {"nodeSelector": {"b": "1"}}}, PODS)
    assert difference.changed == {("f:spec", "f:nodeSelector")}
    assert not difference.removed


def test_what_is_emptied_by_a_cut_goes_and_what_was_empty_stays() -> None:
    document = {
        "metadata": {"labels": {"a": "1"}, "annotations": {}},
        **pod({"name": "x", "image": "1"}, {"name": "y"}, volumes=[{"name": "v", "emptyDir": {}}]),
    }
    doomed = [
        ("f:metadata", "f:labels", "f:a"),
        ("f:spec", "f:containers", 'k:{"name":"y"}'),
        ("f:spec", "f:containers", 'k:{"name":"x"}', "f:image"),
        ("f:spec", "f:hostname"),
    ]
    assert merging.without(document, fieldsets.tree(doomed), PODS) == {
        "metadata": {"annotations": {}},
        **pod({"name": "x"}, volumes=[{"name": "v", "emptyDir": {}}]),
    }


def test_problems_name_unknown_fields_missing_keys_and_doubled_items() -> None:
    document = pod({"name": "a", "imag": "x"}, {"image": "y"}, {"name": "a"}, hostnam="x")
    assert [str(problem) for problem in merging.problems_of(document, PODS)] == [
        '.spec.containers[1]: associative list with keys has an element that omits key field "name" (and doesn\'t have '
        "default value)",
        '.spec.containers: duplicate entries for key [name="a"]',
        ".spec.containers[0].imag: field not declared in schema",
        ".spec.hostnam: field not declared in schema",
    ]
    assert not list(merging.problems_of({"metadata": {"labels": {"any": "x"}}, **pod({"name": "a"})}, PODS))


def test_quantities_are_compared_as_they_are_stored() -> None:
    document = pod({"name": "a", "image": "1000m", "resources": {"limits": {"cpu": "1000m", "memory": 1024, "x": "?"}}})
    normal = merging.normal(document, PODS)["spec"]["containers"][0]
    assert normal == {"name": "a", "image": "1000m", "resources": {"limits": {"cpu": "1", "memory": "1024", "x": "?"}}}
