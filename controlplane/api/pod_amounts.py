"""What a pod asks for as a whole, from what its containers ask for. Exact, in the units of the resource.

Containers add up; of the init containers, which run one after another, the largest counts; those that restart stay beside
all that come after them (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from controlplane.api import quantity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

Amounts = dict[str, Fraction]
_Part = Callable[[core.ResourceRequirements], Mapping[str, meta.Quantity]]


def requests_of(pod: core.Pod) -> Amounts:
    """What the pod is promised, its overhead included."""
    return plus(_total(pod, lambda resources: resources.requests), read(pod.spec.overhead))


def limits_of(pod: core.Pod) -> Amounts:
    """What the pod may take at most. Overhead counts only where there is a limit."""
    total = _total(pod, lambda resources: resources.limits)
    overhead = {name: amount for name, amount in read(pod.spec.overhead).items() if name in total}
    return plus(total, overhead)


def containers_of(pod: core.Pod) -> Iterable[core.Container]:
    return (*pod.spec.init_containers, *pod.spec.containers)


def is_best_effort(pod: core.Pod) -> bool:
    """Whether nothing is asked for and nothing bounded: the quality of service class BestEffort."""
    parts = [container.resources for container in containers_of(pod)] + [pod.spec.resources]
    amounts = (read(part) for resources in parts for part in (resources.requests, resources.limits))
    return not any(found.get(name) for found in amounts for name in ("cpu", "memory"))


def read(quantities: Mapping[str, meta.Quantity]) -> Amounts:
    """Amounts as numbers. What is no quantity counts as nothing; validation refuses it."""
    found: Amounts = {}
    for name, amount in quantities.items():
        try:
            found[name] = quantity.parse(amount.string or "0")
        except ValueError:
            continue
    return found


def text_of(name: str, amount: Fraction) -> str:
    """An amount as a quantity: memory and storage in powers of 1024 where that needs no fraction."""
    in_bytes = name.endswith(("memory", "storage")) or "hugepages-" in name
    if in_bytes and amount >= 1024 and amount % 1024 == 0:
        return quantity.canonical(f"{int(amount) // 1024}Ki")
    return quantity.canonical(f"{int(amount * 10**9)}n")


def plus(one: Mapping[str, Fraction], other: Mapping[str, Fraction]) -> Amounts:
    return {name: one.get(name, Fraction()) + other.get(name, Fraction()) for name in (*one, *other)}


def _largest(one: Mapping[str, Fraction], other: Mapping[str, Fraction]) -> Amounts:
    return {name: max(one.get(name, Fraction()), other.get(name, Fraction())) for name in (*one, *other)}


def _total(pod: core.Pod, part: _Part) -> Amounts:
    running: Amounts = {}
    for container in pod.spec.containers:
        running = plus(running, read(part(container.resources)))
    beside: Amounts = {}
    starting: Amounts = {}
    for container in pod.spec.init_containers:
        amounts = read(part(container.resources))
        if container.restart_policy == "Always":
            beside = plus(beside, amounts)
            starting = _largest(starting, beside)
        else:
            starting = _largest(starting, plus(beside, amounts))
    return {**_largest(plus(running, beside), starting), **read(part(pod.spec.resources))}
