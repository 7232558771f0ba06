"""Which rules an aggregated role gets."""

from __future__ import annotations

from controlplane.api import registry
from controlplane.controllers.clusterrole_aggregation import plan_aggregation
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2 as rbac
from tests.support.access import rule
from tests.support.simulation import LaggingView, Store


def role(name: str, *rules: rbac.PolicyRule, **labels: str) -> rbac.ClusterRole:
    return rbac.ClusterRole(metadata=meta.ObjectMeta(name=name, labels=labels), rules=rules)


def aggregate(name: str, *selectors: dict[str, str], **labels: str) -> rbac.ClusterRole:
    made = role(name, **labels)
    for wanted in selectors:
        made.aggregation_rule.cluster_role_selectors.add().match_labels.update(wanted)
    return made


def rules_of(target: rbac.ClusterRole, *others: rbac.ClusterRole) -> list[rbac.PolicyRule]:
    """What is written; fails if nothing is."""
    (written,) = plan_aggregation(target, LaggingView(Store(target, *others)), 0).updates
    assert isinstance(written, rbac.ClusterRole)
    return list(written.rules)


PODS, SECRETS, NODES = rule("get", "pods"), rule("get", "secrets"), rule("get", "nodes")


def test_the_rules_of_all_that_are_selected_come_in_the_order_of_names() -> None:
    target = aggregate("all", {"a": "1"})
    assert rules_of(target, role("z", PODS, a="1"), role("b", SECRETS, a="1"), role("c", NODES, a="2")) == [SECRETS, PODS]


def test_one_selector_is_enough_and_a_rule_comes_once() -> None:
    target = aggregate("all", {"a": "1"}, {"b": "1"})
    assert rules_of(target, role("x", PODS, a="1", b="1"), role("y", PODS, NODES, b="1")) == [PODS, NODES]


def test_a_role_does_not_take_in_itself() -> None:
    target = aggregate("all", {"a": "1"}, a="1")
    target.rules.append(PODS)
    assert rules_of(target) == []


def test_a_role_that_is_as_it_should_be_is_left_alone() -> None:
    target = aggregate("all", {"a": "1"})
    target.rules.append(PODS)
    view = LaggingView(Store(target, role("x", PODS, a="1")))
    assert not plan_aggregation(target, view, 0).writes


def test_a_role_without_selectors_keeps_its_rules() -> None:
    plain = role("plain", PODS)
    assert not plan_aggregation(plain, LaggingView(Store(plain)), 0).writes


def test_aggregates_of_aggregates_settle() -> None:
    store = Store(
        aggregate("outer", {"to": "outer"}), aggregate("inner", {"to": "inner"}, to="outer"), role("x", PODS, to="inner")
    )
    for _ in range(3):
        for name in ("outer", "inner"):
            current = store.get(registry.CLUSTER_ROLES, name)
            assert current is not None
            for written in plan_aggregation(current, LaggingView(store), 0).updates:
                store.put(written)
    for name in ("outer", "inner"):
        settled = store.get(registry.CLUSTER_ROLES, name)
        assert settled is not None
        assert list(settled.rules) == [PODS]
