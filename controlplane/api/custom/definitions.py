"""What the server itself says of a CustomResourceDefinition: which names it gets, whether it is served, and how it ends.

Names are had by whom they were given to first; between two that got the same one at the same moment, the older definition
keeps it. A definition that was established once stays so.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from controlplane.api import times
from controlplane.api.objects import condition_is, copy_of, find_condition, is_terminating, set_condition
from protos.v1 import apiextensions_pb2 as apiextensions

ESTABLISHED, NAMES_ACCEPTED, TERMINATING = "Established", "NamesAccepted", "Terminating"
CONFORMANT = "KubernetesAPIApprovalPolicyConformant"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
APPROVAL = "api-approved.kubernetes.io"

Definition = apiextensions.CustomResourceDefinition
Names = apiextensions.CustomResourceDefinitionNames


def fill_defaults(definition: Definition) -> None:
    names, spec = definition.spec.names, definition.spec
    if names.kind:
        names.singular = names.singular or names.kind.lower()
        names.list_kind = names.list_kind or f"{names.kind}List"
    spec.conversion.strategy = spec.conversion.strategy or "None"


def is_established(definition: Definition) -> bool:
    return condition_is(definition.status.conditions, ESTABLISHED)


def is_protected(group: str) -> bool:
    """Whether kinds of the group are the Kubernetes project's to define."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def approval_of(value: str) -> bool | None:
    """Whether the annotation says approved or not; None when it says neither."""
    if value.startswith("unapproved"):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return True if parts.scheme and parts.netloc else None


def storage_version(definition: Definition) -> apiextensions.CustomResourceDefinitionVersion:
    """The version in which objects are stored; an empty one for a definition without any."""
    versions = definition.spec.versions
    return next((version for version in versions if version.storage), apiextensions.CustomResourceDefinitionVersion())


def settle(definition: Definition, others: Iterable[Definition], *, now: float) -> None:
    """Brings the status up to date, in place, as far as the other definitions of its group allow."""
    status = definition.status
    conflict = _accept(definition, [other for other in others if other.spec.group == definition.spec.group])
    if conflict is None:
        _condition(definition, NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found", now)
    else:
        _condition(definition, NAMES_ACCEPTED, "False", *conflict, now)
    if conflict is None and not is_established(definition):
        _condition(definition, ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted", now)
    elif not is_established(definition):
        _condition(definition, ESTABLISHED, "False", "NotAccepted", "not all names are accepted", now)
    stored = storage_version(definition).name
    if stored and stored not in status.stored_versions:
        status.stored_versions.append(stored)
    _judge_approval(definition, now)
    if is_terminating(definition) and find_condition(status.conditions, TERMINATING) is None:
        text = "CustomResource deletion is in progress"
        _condition(definition, TERMINATING, "True", "InstanceDeletionInProgress", text, now)


def settled(definition: Definition, others: Iterable[Definition], *, now: float) -> Definition:
    """A copy whose status is up to date."""
    fresh = copy_of(definition)
    settle(fresh, others, now=now)
    return fresh


def _accept(definition: Definition, others: list[Definition]) -> tuple[str, str] | None:
    """Takes over the names that are free. The reason and message of the last conflict, if there is one."""
    wanted, accepted = definition.spec.names, definition.status.accepted_names
    resources = {name for other in others for name in _resource_names(_held(definition, other))}
    kinds = {name for other in others for name in _kind_names(_held(definition, other))}
    conflict: tuple[str, str] | None = None
    for field, reason, taken in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("kind", "KindConflict", kinds),
        ("list_kind", "ListKindConflict", kinds),
    ):
        name = getattr(wanted, field)
        if name in taken:
            conflict = reason, f'"{name}" is already in use'
            if getattr(accepted, field) == name:
                setattr(accepted, field, "")
        else:
            setattr(accepted, field, name)
    in_use = [name for name in wanted.short_names if name in resources]
    if in_use:
        conflict = "ShortNamesConflict", ", ".join(f'"{name}" is already in use' for name in in_use)
        kept = [name for name in accepted.short_names if name not in resources]
    else:
        kept = list(wanted.short_names)
    accepted.short_names[:] = kept
    accepted.categories[:] = wanted.categories
    return conflict


def _held(definition: Definition, other: Definition) -> Names:
    """The names that another definition has, and that this one therefore cannot have."""
    held, own = Names(), definition.status.accepted_names
    theirs = other.status.accepted_names
    if not _precedes(definition, other):
        return theirs
    for field in ("plural", "singular", "kind", "list_kind"):
        if getattr(theirs, field) not in (*_resource_names(own), *_kind_names(own)):
            setattr(held, field, getattr(theirs, field))
    held.short_names.extend(name for name in theirs.short_names if name not in _resource_names(own))
    return held


def _precedes(one: Definition, other: Definition) -> bool:
    first, second = (
        (each.metadata.creation_timestamp.seconds, each.metadata.name) for each in (one, other)
    )  # fmt: skip
    return first < second


def _resource_names(names: Names) -> set[str]:
    return {name for name in (names.plural, names.singular, *names.short_names) if name}


def _kind_names(names: Names) -> set[str]:
    return {name for name in (names.kind, names.list_kind) if name}


def _judge_approval(definition: Definition, now: float) -> None:
    if not is_protected(definition.spec.group):
        return
    value = definition.metadata.annotations.get(APPROVAL, "")
    approved = approval_of(value)
    if approved:
        _condition(definition, CONFORMANT, "True", "ApprovedAnnotation", f"approved in {value}", now)
    elif approved is None:
        text = (
            f'protected groups must have approval annotation "{APPROVAL}" with a URL or a reason starting with "unapproved"'
        )
        _condition(definition, CONFORMANT, "False", "InvalidAnnotation" if value else "MissingAnnotation", text, now)
    else:
        _condition(definition, CONFORMANT, "False", "UnapprovedAnnotation", f"not approved: {value}", now)


def _condition(definition: Definition, kind: str, status: str, reason: str, message: str, now: float) -> None:
    fresh = apiextensions.CustomResourceDefinitionCondition(type=kind, status=status, reason=reason, message=message)
    fresh.last_transition_time.CopyFrom(times.to_time(now))
    set_condition(definition.status.conditions, fresh)
