"""Rules for what every object carries: names, labels, annotations, owners, finalizers. And for label selectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.api import names
from controlplane.api.registry import Kind
from controlplane.api.rules.places import Place
from protos.v1 import meta_pb2 as meta

ANNOTATION_BYTES = 256 * 1024
_NAME_CHECKS: dict[str, names.Check] = {
    "Namespace": names.dns_label,
    "Service": names.dns_1035_label,
    **dict.fromkeys(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"), names.path_segment),
}
_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
_WITH_VALUES = {"In", "NotIn"}
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def is_good_name(kind: Kind[Any], name: str) -> bool:
    return bool(name) and _NAME_CHECKS.get(kind.name, names.dns_subdomain)(name) is None


def check_metadata(at: Place, kind: Kind[Any], metadata: meta.ObjectMeta) -> None:
    check_name = _NAME_CHECKS.get(kind.name, names.dns_subdomain)
    if metadata.generate_name:
        (at / "generateName").check(_as_if_completed(metadata.generate_name), check_name)
    (at / "name").needs(metadata.name, check_name, "name or generateName is required")
    if not kind.namespaced and metadata.namespace:
        (at / "namespace").forbidden("not allowed on this type")
    elif kind.namespaced:
        (at / "namespace").needs(metadata.namespace, names.dns_label)
    (at / "generation").at_least_zero(metadata.generation)
    check_labels(at / "labels", metadata.labels)
    check_annotations(at / "annotations", metadata.annotations)
    _check_owners(at / "ownerReferences", metadata)
    for place, finalizer in (at / "finalizers").each(metadata.finalizers):
        if kind.is_custom or kind.name == "CustomResourceDefinition":
            place.check(finalizer, names.qualified_name)
        else:
            check_finalizer(place, finalizer)


def _as_if_completed(prefix: str) -> str:
    """What ends in a hyphen is fine: the server's suffix follows."""
    return prefix[:-1] + "a" if prefix.endswith("-") and len(prefix) > 1 else prefix


def check_labels(at: Place, labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        at.check(key, names.qualified_name)
        if wrong := names.label_value(value):
            at[key].invalid(value, wrong)


def check_annotations(at: Place, annotations: Mapping[str, str]) -> None:
    size = 0
    for key, value in annotations.items():
        at.check(key.lower(), names.qualified_name)
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATION_BYTES:
        at.too_long(ANNOTATION_BYTES)


def check_finalizer(at: Place, finalizer: str) -> None:
    wrong = names.qualified_name(finalizer)
    if wrong:
        at.invalid(finalizer, wrong)
    elif "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
        at.invalid(finalizer, "name is neither a standard finalizer name nor is it fully qualified; put a domain before it")


def _check_owners(at: Place, metadata: meta.ObjectMeta) -> None:
    for place, owner in at.each(metadata.owner_references):
        fields = {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid}
        for field, value in fields.items():
            (place / field).needs(value)
    controllers = [owner for owner in metadata.owner_references if owner.controller]
    if len(controllers) > 1:
        told = " and ".join(f"{owner.kind}/{owner.name}" for owner in controllers)
        at.invalid(len(controllers), f"only one reference can have controller set to true, found it in those for {told}")


def check_metadata_update(at: Place, old: meta.ObjectMeta, new: meta.ObjectMeta) -> None:
    (at / "name").unchanged(old.name, new.name)
    (at / "namespace").unchanged(old.namespace, new.namespace)
    (at / "uid").unchanged(old.uid, new.uid)
    (at / "creationTimestamp").unchanged(old.creation_timestamp, new.creation_timestamp)
    added = [finalizer for finalizer in new.finalizers if finalizer not in old.finalizers]
    if added and old.HasField("deletion_timestamp"):
        (at / "finalizers").forbidden(
            f"no new finalizers can be added if the object is being deleted, found {', '.join(added)}"
        )


def check_selector(at: Place, selector: meta.LabelSelector) -> None:
    check_labels(at / "matchLabels", selector.match_labels)
    for place, expression in (at / "matchExpressions").each(selector.match_expressions):
        (place / "key").needs(expression.key, names.qualified_name)
        (place / "operator").one_of(expression.operator, _OPERATORS)
        values = place / "values"
        if expression.operator in _WITH_VALUES and not expression.values:
            values.required("must be specified when `operator` is 'In' or 'NotIn'")
        if expression.operator not in _WITH_VALUES and expression.values:
            values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        for one, value in values.each(expression.values):
            one.check(value, names.label_value)
