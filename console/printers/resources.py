"""What pods ask for and may use, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from controlplane.api import quantity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

Amounts = Mapping[str, meta.Quantity]


def pod_totals(pod: core.Pod, *, limits: bool = False) -> Counter[str]:
    """Resource name -> thousandths: all containers together, or the largest init container where that is more."""
    total = _sum(_amounts(container, limits) for container in pod.spec.containers)
    always_on: Counter[str] = Counter()
    for container in pod.spec.init_containers:
        own = _sum([_amounts(container, limits)])
        if container.restart_policy == "Always":
            always_on += own
            total += own
        else:
            total |= own + always_on
    return total + _sum([pod.spec.overhead])


def totals(pods: Iterable[core.Pod], *, limits: bool = False) -> Counter[str]:
    """Resource name -> thousandths, over all pods."""
    total: Counter[str] = Counter()
    for pod in pods:
        total += pod_totals(pod, limits=limits)
    return total


def told(resource: str, millis: int) -> str:
    """`250m` for CPU; memory in the largest binary unit that needs no fraction."""
    if resource == "cpu":
        return quantity.format_millis(millis)
    return _in_binary(-(-millis // 1000))


def percent(millis: int, of: meta.Quantity | None) -> int:
    """How much of an amount, in whole percent; 0 of nothing."""
    whole = quantity.millis(of) if of is not None and of.string else 0
    return millis * 100 // whole if whole else 0


def _in_binary(number: int) -> str:
    for suffix in ("", "Ki", "Mi", "Gi", "Ti"):
        if number % 1024 or not number or suffix == "Ti":
            return f"{number}{suffix}"
        number //= 1024
    raise AssertionError("the last suffix always fits")


def _amounts(container: core.Container, limits: bool) -> Amounts:
    return container.resources.limits if limits else container.resources.requests


def _sum(amounts: Iterable[Amounts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for some in amounts:
        total.update({name: quantity.millis(amount) for name, amount in some.items()})
    return total
