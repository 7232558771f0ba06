"""HorizontalPodAutoscalers as autoscaling/v1 and v2beta1 have them. v2beta2 looks as v2 does.

v1 knows a target for CPU only. Everything else travels in annotations, written as Kubernetes writes them (metrics in the
shape of v2beta1), so that what was read in one version can be written in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from controlplane.api.conversion.documents import Doc, items, made, part
from controlplane.api.conversion.metrics import spec_in, spec_out, status_in, status_out

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS = f"{_PREFIX}metrics"
CURRENT_METRICS = f"{_PREFIX}current-metrics"
CONDITIONS = f"{_PREFIX}conditions"
BEHAVIOR = f"{_PREFIX}behavior"
_TARGET = "targetCPUUtilizationPercentage"
_CURRENT = "currentCPUUtilizationPercentage"


def from_v1(doc: Doc) -> None:
    spec, status = part(doc, "spec"), part(doc, "status")
    metrics = [spec_in(metric) for metric in _listed(doc, METRICS)]
    if spec.get(_TARGET) is not None:
        target = {"type": "Utilization", "averageUtilization": spec.pop(_TARGET)}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        made(doc, "spec")["metrics"] = metrics
    current = [status_in(metric) for metric in _listed(doc, CURRENT_METRICS)]
    if status.get(_CURRENT) is not None:
        usage = {"averageUtilization": status.pop(_CURRENT)}
        current.append({"type": "Resource", "resource": {"name": "cpu", "current": usage}})
    if current:
        made(doc, "status")["currentMetrics"] = current
    if conditions := _listed(doc, CONDITIONS):
        made(doc, "status")["conditions"] = conditions
    _behavior_in(doc)


def to_v1(doc: Doc) -> None:
    spec, status = part(doc, "spec"), part(doc, "status")
    metrics, current = list(items(spec, "metrics")), list(items(status, "currentMetrics"))
    spec.pop("metrics", None)
    status.pop("currentMetrics", None)
    _take_cpu(metrics, "target", spec, _TARGET)
    _take_cpu(current, "current", status, _CURRENT)
    _annotate(doc, METRICS, [spec_out(metric) for metric in metrics])
    _annotate(doc, CURRENT_METRICS, [status_out(metric) for metric in current])
    _annotate(doc, CONDITIONS, status.pop("conditions", None))
    _behavior_out(doc)


def _take_cpu(metrics: list[Doc], inner: str, target: Doc, field: str) -> None:
    """Moves the first figure for CPU utilization into the field that v1 has for it."""
    for metric in metrics:
        resource = part(metric, "resource")
        figure = part(resource, inner).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and figure is not None:
            metrics.remove(metric)
            target[field] = figure
            return


def from_v2beta1(doc: Doc) -> None:
    _each(doc, "spec", "metrics", spec_in)
    _each(doc, "status", "currentMetrics", status_in)
    _behavior_in(doc)


def to_v2beta1(doc: Doc) -> None:
    _each(doc, "spec", "metrics", spec_out)
    _each(doc, "status", "currentMetrics", status_out)
    _behavior_out(doc)


def _each(doc: Doc, where: str, name: str, convert: Callable[[Doc], Doc]) -> None:
    inner = part(doc, where)
    found = inner.get(name)
    if isinstance(found, list):
        inner[name] = [convert(item) if isinstance(item, dict) else item for item in found]


def _behavior_in(doc: Doc) -> None:
    behavior = _read(doc, BEHAVIOR, dict)
    if behavior is not None:
        made(doc, "spec")["behavior"] = behavior


def _behavior_out(doc: Doc) -> None:
    _annotate(doc, BEHAVIOR, part(doc, "spec").pop("behavior", None))


def _listed(doc: Doc, key: str) -> list[Doc]:
    found = _read(doc, key, list) or []
    return [item for item in found if isinstance(item, dict)]


def _read(doc: Doc, key: str, wanted: type) -> Any:
    """What the annotation says; it goes. One that cannot be read stays, and says nothing."""
    annotations = part(doc, "metadata", "annotations")
    text = annotations.get(key)
    try:
        value = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, wanted):
        return None
    del annotations[key]
    if not annotations:
        del doc["metadata"]["annotations"]
    return value


def _annotate(doc: Doc, key: str, value: Any) -> None:
    if value:
        made(doc, "metadata", "annotations")[key] = orjson.dumps(value).decode()
