"""PodDisruptionBudgets of policy/v1beta1, where an empty selector picks no pods; in policy/v1 it picks all.

Kubernetes tells the two apart by a label that no pod has.
"""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, part

_LABEL = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"


def _expression(operator: str) -> Doc:
    return {"matchExpressions": [{"key": _LABEL, "operator": operator}]}


def budget_in(doc: Doc) -> None:
    _swap(doc, "Exists", "DoesNotExist")


def budget_out(doc: Doc) -> None:
    _swap(doc, "DoesNotExist", "Exists")


def _swap(doc: Doc, empty: str, full: str) -> None:
    """An empty selector becomes one by the label with the operator `empty`; one with `full` becomes empty."""
    spec = part(doc, "spec")
    selector = spec.get("selector")
    if isinstance(selector, dict) and not any(selector.values()):
        spec["selector"] = _expression(empty)
    elif selector == _expression(full):
        spec["selector"] = {}
