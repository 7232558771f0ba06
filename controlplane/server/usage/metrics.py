"""NodeMetrics and PodMetrics, made from what agents measure whenever they are asked for, as the metrics server makes them.

What has no figures is not there: a node whose agent does not answer, a pod that does not run or has just begun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors, registry, times
from controlplane.api.kind import Kind
from controlplane.api.objects import Key
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.reads import Page, refuse_damaged
from controlplane.server.usage.rates import NANOS, Measured, Rate
from controlplane.server.usage.samples import Samples
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics
from protos.v1 import resources_pb2 as wire

_MILLI = 1_000_000  # nanoseconds

Found = Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: objects of the kind `of`, told as objects of `kind`. `node` says on which node one is; `make` makes
    its metrics from what was found on the nodes; `missing` is how an error names it."""

    kind: Kind[Any]
    of: Kind[Any]
    node: Callable[[Record], str]
    make: Callable[[Record, Found, float], Record | None]
    missing: Callable[[Key], errors.NotFound]


class Metrics:
    """A kind of metrics: `nodes.metrics.k8s.io`, `pods.metrics.k8s.io`."""

    def __init__(self, backend: Backend, samples: Samples, subject: Subject) -> None:
        self._backend, self._samples, self._subject = backend, samples, subject

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        subject = self._subject
        key = requests.key_for(subject.kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "get", subject.kind, key)
        measured = self._backend.store.cache.of(subject.of).get(key)
        made = await self._made([measured] if measured else [])
        if not made:
            raise subject.missing(key)
        return made[0]

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        """Names and labels are those of what is measured, and so are selectors."""
        subject = self._subject
        query = requests.query_for(subject.kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check_many(caller, "list", subject.kind, query.namespace, query.fields)
        cache = self._backend.store.cache.of(subject.of)
        refuse_damaged(cache, query.namespace)
        made = await self._made([one for one in cache.records(query.namespace) if query.matches(one)])
        return Page([*made], meta.ListMeta())

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        resource = self._subject.kind.resource
        raise errors.MethodNotAllowed(f"{resource} does not support create; it has get, list", kind=resource)

    async def _made(self, measured: Sequence[Record]) -> Sequence[Record]:
        subject = self._subject
        found = await self._samples.of(filter(None, map(subject.node, measured)))
        now = self._backend.sources.now()
        made = [subject.make(one, found, now) for one in measured]
        return [record for record in made if record is not None]


def _node_metrics(node: Record, found: Found, now: float) -> Record | None:
    measured = found.get(node.key.name)
    if measured is None:
        return None
    rate = measured.node
    made = metrics.NodeMetrics(metadata=_metadata(node, now), timestamp=_timestamp(rate), window=_window(rate))
    _fill(made.usage, rate)
    return Record(registry.NODE_METRICS, node.key, made.SerializeToString(), 0)


def _pod_metrics(pod: Record, found: Found, now: float) -> Record | None:
    """The window is the longest of its containers': that of one which has just begun is shorter."""
    node = found.get(_node_of(pod))
    containers = node.pods.get(pod.uid) if node else None
    if not containers:
        return None
    widest = max(containers.values(), key=lambda rate: rate.window_nanos)
    made = metrics.PodMetrics(metadata=_metadata(pod, now), timestamp=_timestamp(widest), window=_window(widest))
    for name, rate in containers.items():
        _fill(made.containers.add(name=name).usage, rate)
    return Record(registry.POD_METRICS, pod.key, made.SerializeToString(), 0)


def _node_of(pod: Record) -> str:
    return pod.field("spec.nodeName")


# The names in errors are those that Kubernetes' metrics server gives.
NODES = Subject(
    registry.NODE_METRICS,
    registry.NODES,
    lambda node: node.key.name,
    _node_metrics,
    lambda key: errors.not_found("nodemetrics.metrics.k8s.io", key.name),
)
PODS = Subject(
    registry.POD_METRICS,
    registry.PODS,
    _node_of,
    _pod_metrics,
    lambda key: errors.not_found("podmetrics.metrics.k8s.io", f"{key.namespace}/{key.name}"),
)


def _metadata(measured: Record, now: float) -> meta.ObjectMeta:
    key, made_at = measured.key, times.to_time(now)
    return meta.ObjectMeta(name=key.name, namespace=key.namespace, labels=measured.labels, creation_timestamp=made_at)


def _timestamp(rate: Rate) -> meta.Time:
    return times.to_time(rate.time_nanos / NANOS)


def _window(rate: Rate) -> metrics.Duration:
    return metrics.Duration(duration=rate.window_nanos // _MILLI * _MILLI)


def _fill(usage: Any, rate: Rate) -> None:
    usage["cpu"].string = _amount(rate.cpu_nanocores, "n")
    usage["memory"].string = _amount(rate.working_set_bytes // 1024, "Ki")


def _amount(number: int, suffix: str) -> str:
    return f"{number}{suffix}" if number else "0"
