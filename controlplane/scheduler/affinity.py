"""Which nodes a pod asks for: node selector and node affinity. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from protos.v1 import core_pb2 as core


def wants_node(spec: core.PodSpec, node: core.Node) -> bool:
    """Whether the node has what the pod requires of it."""
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in spec.node_selector.items()):
        return False
    affinity = spec.affinity.node_affinity
    if not affinity.HasField("required_during_scheduling_ignored_during_execution"):
        return True
    terms = affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
    return any(matches_term(term, node) for term in terms)


def preference(spec: core.PodSpec, node: core.Node) -> int:
    """The summed weight of the preferences that the node meets."""
    preferred = spec.affinity.node_affinity.preferred_during_scheduling_ignored_during_execution
    return sum(term.weight for term in preferred if matches_term(term.preference, node))


def matches_term(term: core.NodeSelectorTerm, node: core.Node) -> bool:
    """All of a term's expressions hold. An empty term matches no node."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name}
    return all(_holds(one, node.metadata.labels) for one in term.match_expressions) and all(
        _holds(one, fields) for one in term.match_fields
    )


def _holds(requirement: core.NodeSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(requirement.key), requirement.values
    match requirement.operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return value is not None and _compares(value, requirement)
        case _:
            return False


def _compares(value: str, requirement: core.NodeSelectorRequirement) -> bool:
    try:
        have, bound = int(value), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return have > bound if requirement.operator == "Gt" else have < bound
