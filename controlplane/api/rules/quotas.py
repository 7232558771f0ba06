"""Rules for what bounds a namespace: ResourceQuotas and LimitRanges."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from controlplane.api import names
from controlplane.api.rules.places import IMMUTABLE, Place, report_duplicates
from controlplane.api.rules.resources import check_quantity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_COMPUTE = frozenset({
    "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory",
})  # fmt: skip
_STORAGE_AMOUNTS = frozenset({"requests.storage", "ephemeral-storage", "requests.ephemeral-storage",
                              "limits.ephemeral-storage"})  # fmt: skip
_COUNTED = frozenset({
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
})  # fmt: skip
_STANDARD = _COMPUTE | _STORAGE_AMOUNTS | _COUNTED
_CLAIM_SCOPE = "VolumeAttributesClass"
_BY_EXISTENCE = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity")
_SCOPES = frozenset({*_BY_EXISTENCE, "PriorityClass", _CLAIM_SCOPE})
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_CONTAINER_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_STORAGE = "storage"

Amounts = Mapping[str, meta.Quantity]


def check_resource_quota(at: Place, quota: core.ResourceQuota) -> None:
    spec, place = quota.spec, at / "spec"
    for name, amount in spec.hard.items():
        _check_hard(place / "hard", name, amount)
    _check_scopes(place / "scopes", spec)
    for one, requirement in (place / "scopeSelector" / "matchExpressions").each(spec.scope_selector.match_expressions):
        _check_requirement(one, requirement)


def _check_hard(at: Place, name: str, amount: meta.Quantity) -> None:
    place = at[name]
    if wrong := names.qualified_name(name):
        place.invalid(name, wrong)
    elif "/" not in name and name not in _STANDARD and not _of_huge_pages(name):
        place.invalid(name, "must be a standard resource for quota")
    number = check_quantity(place, amount)
    if number is not None and name in _COUNTED and number.denominator != 1:
        place.invalid(amount.string, "must be an integer")


def _of_huge_pages(name: str) -> bool:
    return name.removeprefix("requests.").startswith("hugepages-")


def _check_scopes(at: Place, spec: core.ResourceQuotaSpec) -> None:
    given = list(spec.scopes)
    for scope in given:
        if scope not in _SCOPES:
            at.invalid(given, "unsupported scope")
        elif any(name in _STANDARD and not _applies(scope, name) for name in spec.hard):
            at.invalid(given, "unsupported scope applied to resource")
    if any(pair <= set(given) for pair in _CONFLICTS):
        at.invalid(given, "conflicting scopes")


def _applies(scope: str, name: str) -> bool:
    """Whether the scope can tell apart what the resource counts."""
    if scope == "BestEffort":
        return name == "pods"
    if scope == _CLAIM_SCOPE:
        return name in {"persistentvolumeclaims", "requests.storage"}
    return name == "pods" or name in _COMPUTE


def _check_requirement(at: Place, requirement: core.ScopedResourceSelectorRequirement) -> None:
    if requirement.scope_name not in _SCOPES:
        (at / "scopeName").invalid(requirement.scope_name, "unsupported scope")
    if requirement.scope_name in _BY_EXISTENCE and requirement.operator != "Exists":
        (at / "operator").invalid(requirement.operator, f"must be 'Exists' when scope is any of {', '.join(_BY_EXISTENCE)}")
    given = list(requirement.values)
    match requirement.operator:
        case "In" | "NotIn":
            if not given:
                (at / "values").required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
        case "Exists" | "DoesNotExist":
            if given:
                (at / "values").invalid(
                    given, "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector"
                )
        case _:
            (at / "operator").invalid(requirement.operator, "not a valid selector operator")


def check_resource_quota_update(at: Place, old: core.ResourceQuota, new: core.ResourceQuota) -> None:
    if set(old.spec.scopes) != set(new.spec.scopes):
        (at / "spec" / "scopes").invalid(list(new.spec.scopes), IMMUTABLE)


def check_limit_range(at: Place, limit_range: core.LimitRange) -> None:
    limits = at / "spec" / "limits"
    for place, item in limits.each(limit_range.spec.limits):
        _check_limit_type(place / "type", item.type)
        _check_limit(place, item)
    report_duplicates(limits, [item.type for item in limit_range.spec.limits], "type")


def _check_limit_type(at: Place, name: str) -> None:
    at.needs(name, names.qualified_name)
    if name and "/" not in name and name not in _LIMIT_TYPES:
        at.invalid(name, "must be a standard limit type or fully qualified")


def _check_limit(at: Place, item: core.LimitRangeItem) -> None:
    fields: dict[str, Amounts] = {
        "max": item.max, "min": item.min, "default": item.default, "defaultRequest": item.default_request,
        "maxLimitRequestRatio": item.max_limit_request_ratio,
    }  # fmt: skip
    sound = {field: _amounts(at / field, amounts, item.type) for field, amounts in fields.items()}
    if item.type == "Pod":
        for field in ("default", "defaultRequest"):
            if fields[field]:
                (at / field).forbidden("may not be specified when `type` is 'Pod'")
    if item.type == "PersistentVolumeClaim" and _STORAGE not in item.min and _STORAGE not in item.max:
        (at / "limits").required("either minimum or maximum storage value is required, but neither was provided")
    _check_order(at, fields, sound)
    for name, ratio in sound["maxLimitRequestRatio"].items():
        _check_ratio((at / "maxLimitRequestRatio")[name], ratio, fields, sound, name=name)


def _amounts(at: Place, amounts: Amounts, limit_type: str) -> dict[str, Fraction]:
    """The sound ones."""
    found: dict[str, Fraction] = {}
    for name, amount in amounts.items():
        place = at[name]
        if wrong := names.qualified_name(name):
            place.invalid(name, wrong)
        elif limit_type in {"Pod", "Container"} and not _is_of_containers(name):
            place.invalid(name, "must be a standard resource for containers")
        number = check_quantity(place, amount)
        if number is not None:
            found[name] = number
    return found


def _is_of_containers(name: str) -> bool:
    return "/" in name or name in _CONTAINER_RESOURCES or name.startswith("hugepages-")


# What may not be larger than what, and how Kubernetes says so; the problem is told of the field that is named last.
_ORDER = (
    ("min", "max", "min value {} is greater than max value {}", "min"),
    ("min", "defaultRequest", "min value {} is greater than default request value {}", "defaultRequest"),
    ("defaultRequest", "max", "default request value {} is greater than max value {}", "defaultRequest"),
    ("defaultRequest", "default", "default request value {} is greater than default limit value {}", "defaultRequest"),
    ("min", "default", "min value {} is greater than default value {}", "default"),
    ("default", "max", "default value {} is greater than max value {}", "default"),
)


def _check_order(at: Place, fields: Mapping[str, Amounts], sound: Mapping[str, Mapping[str, Fraction]]) -> None:
    for low, high, text, told in _ORDER:
        for name in sorted(sound[low]):
            if name in sound[high] and sound[low][name] > sound[high][name]:
                problem = text.format(fields[low][name].string, fields[high][name].string)
                (at / told)[name].invalid(fields[told][name].string, problem)


def _check_ratio(
    at: Place, ratio: Fraction, fields: Mapping[str, Amounts], sound: Mapping[str, Mapping[str, Fraction]], *, name: str
) -> None:
    written = fields["maxLimitRequestRatio"][name].string
    if ratio < 1:
        at.invalid(written, f"ratio {written} is less than 1")
    most, least = sound["max"].get(name), sound["min"].get(name)
    if most and least and ratio > most / least:
        at.invalid(written, f"ratio {written} is greater than max/min = {float(most / least):f}")
