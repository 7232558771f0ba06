"""Merge patches, and what `apply` makes of the last applied, the live and the new object."""

from typing import Any

import pytest

from controlplane.api import codec, patch
from controlplane.api.registry import DEPLOYMENTS, PODS, SERVICES


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
        ({"a": "b"}, {"a": {"c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
    ids=str,
)
def test_a_merge_patch_is_applied_as_the_rfc_says(target: dict, change: dict, result: dict) -> None:
    before = repr((target, change))
    assert patch.merge(target, change) == result
    assert repr((target, change)) == before


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {}, {"a": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({}, {"a": {}}, {"a": {}}),
    ],
    ids=str,
)
def test_a_difference_is_the_smallest_patch(old: dict, new: dict, change: dict) -> None:
    assert patch.merge_diff(old, new) == change


def test_apply_sets_what_is_new_removes_what_was_dropped_and_leaves_the_rest() -> None:
    last = {"spec": {"replicas": 3, "paused": True}, "metadata": {"labels": {"a": "1", "b": "2"}}}
    live = {
        "spec": {"replicas": 5, "paused": True, "minReadySeconds": 7},
        "metadata": {"labels": {"a": "1", "b": "2", "c": "3"}},
    }
    new = {"spec": {"replicas": 4}, "metadata": {"labels": {"a": "1"}}}
    assert patch.three_way(last, live, new) == {"spec": {"replicas": 4, "paused": None}, "metadata": {"labels": {"b": None}}}


def test_apply_does_not_remove_twice() -> None:
    assert patch.three_way({"spec": {"paused": True}}, {"spec": {}}, {"spec": {}}) == {}


def test_a_null_removes_a_field_whoever_set_it() -> None:
    assert patch.three_way({}, {"spec": {"replicas": 3}}, {"spec": {"replicas": None}}) == {"spec": {"replicas": None}}


def test_lists_are_replaced_where_the_kind_is_not_known() -> None:
    assert patch.three_way({}, {"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def test_containers_are_merged_by_name() -> None:
    last = pod({"name": "web", "image": "a", "tty": True}, {"name": "old", "image": "x"})
    live = pod(
        {"name": "web", "image": "a", "tty": True, "imagePullPolicy": "Always"},
        {"name": "old", "image": "x"},
        {"name": "injected", "image": "s"},
    )
    new = pod({"name": "web", "image": "b"}, {"name": "more", "image": "m"})
    assert patch.three_way(last, live, new, kind=PODS) == pod(
        {"name": "web", "image": "b", "imagePullPolicy": "Always"},
        {"name": "more", "image": "m"},
        {"name": "injected", "image": "s"},
    )


def test_items_of_others_before_ours_are_no_reason_for_a_change() -> None:
    live = pod({"name": "injected", "image": "s"}, {"name": "web", "image": "a", "imagePullPolicy": "Always"})
    ours = pod({"name": "web", "image": "a"})
    assert patch.three_way(ours, live, ours, kind=PODS) == {}


def test_a_new_order_of_items_is_a_change() -> None:
    one, two = {"name": "one", "image": "a"}, {"name": "two", "image": "b"}
    assert patch.three_way(pod(one, two), pod(one, two), pod(two, one), kind=PODS) == pod(two, one)


def test_a_ports_allocated_number_survives_apply() -> None:
    ours = {"spec": {"ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}, {"port": 53}]}}
    live = {
        "spec": {
            "ports": [
                {"port": 80, "protocol": "TCP", "nodePort": 30080},
                {"port": 53, "protocol": "UDP", "nodePort": 30053},
                {"port": 53, "protocol": "TCP", "nodePort": 30054},
            ]
        }
    }
    assert patch.three_way(ours, live, ours, kind=SERVICES) == {}


def test_finalizers_of_others_stay() -> None:
    def doc(*names: str) -> dict[str, Any]:
        return {"metadata": {"finalizers": list(names)}}

    assert patch.three_way(doc("a", "b"), doc("x", "a", "b"), doc("b", "c"), kind=PODS) == doc("x", "b", "c")
    assert patch.three_way(doc("a"), doc("x", "a"), doc("a"), kind=PODS) == {}


def test_a_change_of_strategy_drops_what_belonged_to_the_old_one() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}}}
    same, other = {"spec": {"strategy": {"type": "RollingUpdate"}}}, {"spec": {"strategy": {"type": "Recreate"}}}
    assert patch.three_way({}, live, same, kind=DEPLOYMENTS) == {}
    assert patch.three_way({}, live, other, kind=DEPLOYMENTS) == {
        "spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}
    }


def test_a_change_of_a_volumes_source_drops_the_old_source() -> None:
    live = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}}
    new = {"spec": {"volumes": [{"name": "data", "hostPath": {"path": "/data"}}]}}
    assert patch.three_way({}, live, new, kind=PODS) == new


def test_duplicate_keys_are_left_for_validation_to_refuse() -> None:
    new = pod({"name": "web", "image": "a"}, {"name": "web", "image": None})
    assert patch.three_way({}, pod({"name": "web"}), new, kind=PODS) == pod({"name": "web", "image": "a"}, {"name": "web"})


def test_applying_what_the_server_stored_changes_nothing() -> None:
    doc = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": pod({"name": "web", "image": "a"})},
    }
    live = codec.to_dict(DEPLOYMENTS, codec.from_dict(None, doc))
    assert patch.three_way(doc, live, doc, kind=DEPLOYMENTS) == {}
