"""Rules for amounts: what containers request and are limited to, what nodes have."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from controlplane.api import names, quantity
from controlplane.api.rules.places import NOT_NEGATIVE, Place
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_STANDARD = {"cpu", "memory", "ephemeral-storage"}
_HUGE_PAGES = "hugepages-"


def check_requirements(at: Place, resources: core.ResourceRequirements) -> None:
    """Of a container: known names, sound amounts, and no request above its limit."""
    limits = _amounts(at / "limits", resources.limits)
    requests = _amounts(at / "requests", resources.requests)
    for name, requested in requests.items():
        place = (at / "requests")[name]
        limit = limits.get(name)
        if limit is not None and requested > limit:
            place.invalid(
                resources.requests[name].string,
                f"must be less than or equal to {name} limit of {resources.limits[name].string}",
            )
        elif _is_counted(name) and limit != requested:
            place.invalid(resources.requests[name].string, f"must be equal to {name} limit, which cannot be overcommitted")


def _is_counted(name: str) -> bool:
    """Whether the resource is handed out in whole pieces."""
    return name not in _STANDARD


def _amounts(at: Place, amounts: Any) -> dict[str, Fraction]:
    """The sound ones among the amounts."""
    sound: dict[str, Fraction] = {}
    for name, amount in amounts.items():
        place = at[name]
        _check_name(place, name)
        number = check_quantity(place, amount)
        if number is None:
            continue
        sound[name] = number
        if _is_counted(name) and number.denominator != 1:
            place.invalid(amount.string, "must be an integer")
    return sound


def _check_name(at: Place, name: str) -> None:
    if wrong := names.qualified_name(name):
        at.invalid(name, wrong)
    elif "/" not in name and name not in _STANDARD and not name.startswith(_HUGE_PAGES):
        at.invalid(name, "must be a standard resource for containers (cpu, memory, ephemeral-storage) or fully qualified")


def check_quantity(at: Place, amount: meta.Quantity) -> Fraction | None:
    """The amount, or None if it is no quantity or negative."""
    try:
        number = quantity.parse(amount.string or "0")
    except ValueError:
        at.invalid(amount.string, "must be a quantity, such as 500m, 2, 1.5Gi or 100M")
        return None
    if number < 0:
        at.invalid(amount.string, NOT_NEGATIVE)
        return None
    return number


def check_quantities(at: Place, amounts: Any) -> None:
    for name, amount in amounts.items():
        at[name].check(name, names.qualified_name)
        check_quantity(at[name], amount)
