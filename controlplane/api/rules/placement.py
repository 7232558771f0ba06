"""Rules for what a pod says about its place: node selector, affinity, tolerations, spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlplane.api import names
from controlplane.api.rules.metadata import check_labels, check_selector
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_TOLERATION_OPERATORS = ("Equal", "Exists")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")

_POLICIES = ("Honor", "Ignore")

_Selecting = core.PodAffinityTerm | core.TopologySpreadConstraint
PodTerms = core.PodAffinity | core.PodAntiAffinity


def check_placement(at: Place, spec: core.PodSpec) -> None:
    """`at` is the pod's spec."""
    check_labels(at / "nodeSelector", spec.node_selector)
    if spec.HasField("affinity"):
        _check_affinity(at / "affinity", spec.affinity)
    for place, toleration in (at / "tolerations").each(spec.tolerations):
        _check_toleration(place, toleration)
    _check_spread(at / "topologySpreadConstraints", spec.topology_spread_constraints)


def _check_affinity(at: Place, affinity: core.Affinity) -> None:
    if affinity.HasField("node_affinity"):
        _check_node_affinity(at / "nodeAffinity", affinity.node_affinity)
    if affinity.HasField("pod_affinity"):
        _check_pod_terms(at / "podAffinity", affinity.pod_affinity)
    if affinity.HasField("pod_anti_affinity"):
        _check_pod_terms(at / "podAntiAffinity", affinity.pod_anti_affinity)


def _check_node_affinity(at: Place, affinity: core.NodeAffinity) -> None:
    if affinity.HasField("required_during_scheduling_ignored_during_execution"):
        required = affinity.required_during_scheduling_ignored_during_execution
        check_node_selector(at / "requiredDuringSchedulingIgnoredDuringExecution", required)
    for place, preferred in (at / "preferredDuringSchedulingIgnoredDuringExecution").each(
        affinity.preferred_during_scheduling_ignored_during_execution
    ):
        (place / "weight").between(preferred.weight, 1, 100)
        _check_node_term(place / "preference", preferred.preference)


def check_node_selector(at: Place, selector: core.NodeSelector) -> None:
    terms = at / "nodeSelectorTerms"
    if not selector.node_selector_terms:
        terms.required("must have at least one node selector term")
    for place, term in terms.each(selector.node_selector_terms):
        _check_node_term(place, term)


def _check_node_term(at: Place, term: core.NodeSelectorTerm) -> None:
    for place, requirement in (at / "matchExpressions").each(term.match_expressions):
        (place / "key").needs(requirement.key, names.qualified_name)
        _check_node_requirement(place, requirement)
    for place, requirement in (at / "matchFields").each(term.match_fields):
        (place / "key").one_of(requirement.key, ("metadata.name",))
        if requirement.operator not in {"In", "NotIn"}:
            (place / "operator").invalid(requirement.operator, "not a valid selector operator")
        elif len(requirement.values) != 1:
            (place / "values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")


def _check_node_requirement(at: Place, requirement: core.NodeSelectorRequirement) -> None:
    (at / "operator").one_of(requirement.operator, _NODE_OPERATORS)
    values, count = at / "values", len(requirement.values)
    match requirement.operator:
        case "In" | "NotIn" if not count:
            values.required("must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist" if count:
            values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        case "Gt" | "Lt" if count != 1:
            values.required("must be specified single value when `operator` is 'Lt' or 'Gt'")


def _check_pod_terms(at: Place, affinity: PodTerms) -> None:
    for place, term in (at / "requiredDuringSchedulingIgnoredDuringExecution").each(
        affinity.required_during_scheduling_ignored_during_execution
    ):
        _check_pod_term(place, term)
    for place, weighted in (at / "preferredDuringSchedulingIgnoredDuringExecution").each(
        affinity.preferred_during_scheduling_ignored_during_execution
    ):
        (place / "weight").between(weighted.weight, 1, 100)
        _check_pod_term(place / "podAffinityTerm", weighted.pod_affinity_term)


def _check_pod_term(at: Place, term: core.PodAffinityTerm) -> None:
    (at / "topologyKey").needs(
        term.topology_key, names.qualified_name, "can not be empty; kubernetes.io/hostname means a node"
    )
    check_selector(at / "labelSelector", term.label_selector)
    check_selector(at / "namespaceSelector", term.namespace_selector)
    for place, namespace in (at / "namespaces").each(term.namespaces):
        place.check(namespace, names.dns_label)
    _check_label_keys(at, "matchLabelKeys", term.match_label_keys, term)
    _check_label_keys(at, "mismatchLabelKeys", term.mismatch_label_keys, term)
    for place, key in (at / "matchLabelKeys").each(term.match_label_keys):
        if key in term.mismatch_label_keys:
            place.invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys")


def _check_label_keys(at: Place, field: str, keys: Sequence[str], owner: _Selecting) -> None:
    """Keys whose values come from the pod itself are merged into the selector, so they may not be in it already."""
    if keys and not owner.HasField("label_selector"):
        (at / field).forbidden("must not be specified when labelSelector is not set")
    selector = owner.label_selector
    taken = {*selector.match_labels, *(one.key for one in selector.match_expressions)}
    for place, key in (at / field).each(keys):
        if wrong := names.qualified_name(key):
            place.invalid(key, wrong)
        elif key in taken:
            place.invalid(key, f"exists in both {field} and labelSelector")


def _check_toleration(at: Place, toleration: core.Toleration) -> None:
    if toleration.key:
        (at / "key").check(toleration.key, names.qualified_name)
    elif toleration.operator != "Exists":
        (at / "operator").invalid(
            toleration.operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        )
    if toleration.operator:
        (at / "operator").one_of(toleration.operator, _TOLERATION_OPERATORS)
    if toleration.operator == "Exists" and toleration.value:
        (at / "operator").invalid(toleration.value, "value must be empty when `operator` is 'Exists'")
    elif wrong := names.label_value(toleration.value):
        (at / "value").invalid(toleration.value, wrong)
    if toleration.effect:
        (at / "effect").one_of(toleration.effect, EFFECTS)
    if toleration.HasField("toleration_seconds") and toleration.effect != "NoExecute":
        (at / "effect").invalid(toleration.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")


def _check_spread(at: Place, constraints: Iterable[core.TopologySpreadConstraint]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, constraint in at.each(constraints):
        if constraint.max_skew <= 0:
            (place / "maxSkew").invalid(constraint.max_skew, "must be greater than zero")
        (place / "topologyKey").needs(constraint.topology_key, names.qualified_name)
        (place / "whenUnsatisfiable").one_of(constraint.when_unsatisfiable, _UNSATISFIABLE)
        check_selector(place / "labelSelector", constraint.label_selector)
        _check_domains(place, constraint)
        _check_label_keys(place, "matchLabelKeys", constraint.match_label_keys, constraint)
        key = (constraint.topology_key, constraint.when_unsatisfiable)
        if key in seen:
            place.duplicate(f"{{{key[0]}, {key[1]}}}")
        seen.add(key)


def _check_domains(at: Place, constraint: core.TopologySpreadConstraint) -> None:
    if constraint.HasField("min_domains"):
        place = at / "minDomains"
        if constraint.min_domains <= 0:
            place.invalid(constraint.min_domains, "must be greater than zero")
        if constraint.when_unsatisfiable != "DoNotSchedule":
            place.invalid(
                constraint.min_domains,
                f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.when_unsatisfiable}",
            )
    if constraint.HasField("node_affinity_policy"):
        (at / "nodeAffinityPolicy").one_of(constraint.node_affinity_policy, _POLICIES)
    if constraint.HasField("node_taints_policy"):
        (at / "nodeTaintsPolicy").one_of(constraint.node_taints_policy, _POLICIES)
