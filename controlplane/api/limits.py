"""Limit ranges: what single containers, pods and claims of a namespace get by default, and the bounds that they must keep
(https://kubernetes.io/docs/concepts/policy/limit-range/). Pure.

`fill_pod` changes the pod given; everything else only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from fractions import Fraction

from controlplane.api import pod_amounts, quantity
from controlplane.api.pod_amounts import Amounts, text_of
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

FILLED = "kubernetes.io/limit-ranger"
_CONTAINER, _POD, _CLAIM = "Container", "Pod", "PersistentVolumeClaim"
Quantities = Mapping[str, meta.Quantity]


def fill_pod(pod: core.Pod, ranges: Iterable[core.LimitRange]) -> None:
    """Gives containers the requests and limits that they do not name themselves, and notes which."""
    filled: list[str] = []
    for item in _items(ranges, _CONTAINER):
        limits, requests = _default_limits(item), _default_requests(item)
        for what, containers in (("container", pod.spec.containers), ("init container", pod.spec.init_containers)):
            for container in containers:
                given = [
                    (_give(container.resources.requests, requests), "request"),
                    (_give(container.resources.limits, limits), "limit"),
                ]
                filled += [f"{', '.join(names)} {part} for {what} {container.name}" for names, part in given if names]
    if filled:
        pod.metadata.annotations[FILLED] = "LimitRanger plugin set: " + "; ".join(filled)


def _default_limits(item: core.LimitRangeItem) -> Quantities:
    return {**item.max, **item.default}


def _default_requests(item: core.LimitRangeItem) -> Quantities:
    return {**item.min, **_default_limits(item), **item.default_request}


def _give(amounts: MutableMapping[str, meta.Quantity], defaults: Quantities) -> list[str]:
    """The names, in order, of what was lacking."""
    lacking = sorted(name for name in defaults if name not in amounts)
    for name in lacking:
        amounts[name].CopyFrom(defaults[name])
    return lacking


def pod_problems(pod: core.Pod, ranges: Iterable[core.LimitRange]) -> list[str]:
    """Which bounds the pod breaks, in Kubernetes' words."""
    found: list[str] = []
    for item in (item for limit_range in ranges for item in limit_range.spec.limits):
        if item.type == _CONTAINER:
            for container in (*pod.spec.containers, *pod.spec.init_containers):
                requests = pod_amounts.read(container.resources.requests)
                found += _Observed(item, requests, pod_amounts.read(container.resources.limits)).problems()
        elif item.type == _POD:
            found += _Observed(item, pod_amounts.requests_of(pod), pod_amounts.limits_of(pod)).problems()
    return found


def claim_problems(claim: core.PersistentVolumeClaim, ranges: Iterable[core.LimitRange]) -> list[str]:
    """Which bounds the claim breaks. A claim only requests."""
    requests = pod_amounts.read(claim.spec.resources.requests)
    found: list[str] = []
    for item in _items(ranges, _CLAIM):
        observed = _Observed(item, requests, {})
        found += [problem for name in sorted(item.min) for problem in observed.below(name)]
        found += [problem for name in sorted(item.max) for problem in observed.request_above(name)]
    return found


def told(problems: list[str]) -> str:
    """Several problems as one text."""
    return problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"


def _items(ranges: Iterable[core.LimitRange], item_type: str) -> Iterator[core.LimitRangeItem]:
    return (item for limit_range in ranges for item in limit_range.spec.limits if item.type == item_type)


class _Observed:
    """What one object asks for, beside the bounds that hold for it."""

    def __init__(self, item: core.LimitRangeItem, requests: Amounts, limits: Amounts) -> None:
        self._item, self._requests, self._limits = item, requests, limits

    def problems(self) -> Iterator[str]:
        for name in sorted(self._item.min):
            yield from self.below(name)
        for name in sorted(self._item.max):
            yield from self._above(name)
        for name in sorted(self._item.max_limit_request_ratio):
            yield from self._out_of_ratio(name)

    def below(self, name: str) -> Iterator[str]:
        bound, told = self._bound("minimum", name, self._item.min[name])
        request, limit = self._requests.get(name), self._limits.get(name)
        if request is None:
            yield f"{told}.  No request is specified"
        elif request < bound:
            yield f"{told}, but request is {text_of(name, request)}"
        elif limit is not None and limit < bound:
            yield f"{told}, but limit is {text_of(name, limit)}"

    def request_above(self, name: str) -> Iterator[str]:
        bound, told = self._bound("maximum", name, self._item.max[name])
        request = self._requests.get(name)
        if request is None:
            yield f"{told}.  No request is specified"
        elif request > bound:
            yield f"{told}, but request is {text_of(name, request)}"

    def _above(self, name: str) -> Iterator[str]:
        bound, told = self._bound("maximum", name, self._item.max[name])
        request, limit = self._requests.get(name), self._limits.get(name)
        if limit is None:
            yield f"{told}.  No limit is specified"
        elif limit > bound:
            yield f"{told}, but limit is {text_of(name, limit)}"
        elif request is not None and request > bound:
            yield f"{told}, but request is {text_of(name, request)}"

    def _out_of_ratio(self, name: str) -> Iterator[str]:
        asked = self._item.max_limit_request_ratio[name]
        bound = _amount(asked)
        told = f"{name} max limit to request ratio per {self._item.type} is {asked.string}"
        request, limit = self._requests.get(name), self._limits.get(name)
        if not request:
            yield f"{told}, but no request is specified or request is 0"
        elif not limit:
            yield f"{told}, but no limit is specified or limit is 0"
        elif limit / request > bound:
            yield f"{told}, but provided ratio is {float(limit / request):.6f}"

    def _bound(self, which: str, name: str, bound: meta.Quantity) -> tuple[Fraction, str]:
        return _amount(bound), f"{which} {name} usage per {self._item.type} is {bound.string}"


def _amount(bound: meta.Quantity) -> Fraction:
    return quantity.parse(bound.string or "0")
