"""A metric of an autoscaler in the shape that v2beta1 had for it: names and figures side by side.

v2beta1  {"metricName": "qps", "targetAverageValue": "100"}
v2       {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "100"}}
"""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, part, without_nothing

_SOURCES = ("object", "pods", "resource", "containerResource", "external")
_OF_RESOURCES = ("resource", "containerResource")
# By source: v2beta1's names for what the target, and the current figure, are made of.
_TARGETS = {
    "object": {"value": "targetValue", "averageValue": "averageValue"},
    "pods": {"averageValue": "targetAverageValue"},
    "resource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "containerResource": {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"},
    "external": {"value": "targetValue", "averageValue": "targetAverageValue"},
}
_CURRENTS = {
    "object": {"value": "currentValue", "averageValue": "averageValue"},
    "pods": {"averageValue": "currentAverageValue"},
    "resource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "containerResource": {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"},
    "external": {"value": "currentValue", "averageValue": "currentAverageValue"},
}


def spec_in(metric: Doc) -> Doc:
    return _in(metric, "target", _TARGETS)


def spec_out(metric: Doc) -> Doc:
    return _out(metric, "target", _TARGETS)


def status_in(metric: Doc) -> Doc:
    return _in(metric, "current", _CURRENTS)


def status_out(metric: Doc) -> Doc:
    return _out(metric, "current", _CURRENTS)


def _in(metric: Doc, inner: str, names: dict[str, dict[str, str]]) -> Doc:
    result = dict(metric)
    for source in _SOURCES:
        if isinstance(metric.get(source), dict):
            old = dict(metric[source])
            new: Doc = {}
            if source not in _OF_RESOURCES:
                selector = old.pop("metricSelector" if source == "external" else "selector", None)
                new["metric"] = without_nothing({"name": old.pop("metricName", None), "selector": selector})
            if source == "object":
                new["describedObject"] = old.pop("target", None)
            figures = without_nothing({field: old.pop(name, None) for field, name in names[source].items()})
            new[inner] = _typed(figures) if inner == "target" else figures
            result[source] = without_nothing(new) | old
    return result


def _typed(figures: Doc) -> Doc:
    """A target says which of its figures counts. v2beta1 wrote 0 for the whole value where a share per pod was meant."""
    if "averageUtilization" in figures:
        return {"type": "Utilization"} | figures
    if "averageValue" in figures:
        if figures.get("value") in (0, "0"):
            del figures["value"]
        return {"type": "AverageValue"} | figures
    return {"type": "Value"} | figures


def _out(metric: Doc, inner: str, names: dict[str, dict[str, str]]) -> Doc:
    result = dict(metric)
    for source in _SOURCES:
        if isinstance(metric.get(source), dict):
            new = dict(metric[source])
            old: Doc = {}
            if source not in _OF_RESOURCES:
                identifier = part({"metric": new.pop("metric", None)}, "metric")
                old["metricName"] = identifier.get("name")
                old["metricSelector" if source == "external" else "selector"] = identifier.get("selector")
            if source == "object":
                old["target"] = new.pop("describedObject", None)
            figures = part({inner: new.pop(inner, None)}, inner)
            old |= {name: figures.get(field) for field, name in names[source].items()}
            result[source] = without_nothing(old) | new
    return result
