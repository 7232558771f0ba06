"""Aggregated cluster roles: their rules are those of all roles that their selectors pick, in the order of names."""

from __future__ import annotations

from controlplane.api import labels, registry
from controlplane.api.objects import copy_of
from controlplane.controllers.plan import NOTHING, Plan, Update, plan_of
from controlplane.controllers.view import View
from protos.v1 import rbac_pb2 as rbac


def plan_aggregation(role: rbac.ClusterRole, view: View, _now: float) -> Plan:
    if not aggregates(role):
        return NOTHING
    rules = aggregated_rules(role, view)
    if rules == list(role.rules):
        return NOTHING
    filled = copy_of(role)
    del filled.rules[:]
    filled.rules.extend(rules)
    return plan_of(Update(filled))


def aggregates(role: rbac.ClusterRole) -> bool:
    return bool(role.aggregation_rule.cluster_role_selectors)


def aggregated_rules(role: rbac.ClusterRole, view: View) -> list[rbac.PolicyRule]:
    """Each rule once."""
    others = sorted(
        (other for other in view.all(registry.CLUSTER_ROLES) if other.metadata.name != role.metadata.name),
        key=lambda other: other.metadata.name,
    )
    found: list[rbac.PolicyRule] = []
    for wanted in role.aggregation_rule.cluster_role_selectors:
        selector = labels.from_label_selector(wanted)
        for other in others:
            if selector.matches(other.metadata.labels):
                found.extend(rule for rule in other.rules if rule not in found)
    return found
