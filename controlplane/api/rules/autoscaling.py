"""Rules for HorizontalPodAutoscalers."""

from __future__ import annotations

from google.protobuf.message import Message

from controlplane.api import quantity
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import Place
from protos.v1 import autoscaling_pb2 as autoscaling
from protos.v1 import meta_pb2 as meta

_SOURCES = {
    "ContainerResource": ("container_resource", "containerResource"),
    "External": ("external", "external"),
    "Object": ("object", "object"),
    "Pods": ("pods", "pods"),
    "Resource": ("resource", "resource"),
}
_TARGETS = ("Utilization", "Value", "AverageValue")
_SELECTIONS = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_LONGEST_WINDOW = 3600
_LONGEST_PERIOD = 1800


def check_autoscaler(at: Place, autoscaler: autoscaling.HorizontalPodAutoscaler) -> None:
    spec, place = autoscaler.spec, at / "spec"
    if spec.HasField("min_replicas") and spec.min_replicas < 1:
        (place / "minReplicas").invalid(spec.min_replicas, "must be greater than or equal to 1")
    if spec.max_replicas < 1:
        (place / "maxReplicas").invalid(spec.max_replicas, "must be greater than 0")
    if spec.HasField("min_replicas") and spec.max_replicas < spec.min_replicas:
        (place / "maxReplicas").invalid(spec.max_replicas, "must be greater than or equal to `minReplicas`")
    _check_reference(place / "scaleTargetRef", spec.scale_target_ref)
    for one, metric in (place / "metrics").each(spec.metrics):
        _check_metric(one, metric)
    if spec.behavior.HasField("scale_up"):
        _check_rules(place / "behavior" / "scaleUp", spec.behavior.scale_up)
    if spec.behavior.HasField("scale_down"):
        _check_rules(place / "behavior" / "scaleDown", spec.behavior.scale_down)


def _check_reference(at: Place, reference: autoscaling.CrossVersionObjectReference) -> None:
    (at / "kind").needs(reference.kind, _path_segment)
    (at / "name").needs(reference.name, _path_segment)
    if reference.api_version.count("/") > 1:
        (at / "apiVersion").invalid(reference.api_version, f"unexpected GroupVersion string: {reference.api_version}")


def _path_segment(text: str) -> str | None:
    if text in (".", ".."):
        return f"may not be '{text}'"
    for part in ("/", "%"):
        if part in text:
            return f"may not contain '{part}'"
    return None


def _check_metric(at: Place, metric: autoscaling.MetricSpec) -> None:
    if not metric.type:
        (at / "type").required("must specify a metric source type")
        return
    (at / "type").one_of(metric.type, tuple(_SOURCES))
    wanted = _SOURCES.get(metric.type)
    if wanted is None:
        return
    fields: Message = metric
    for field, name in _SOURCES.values():
        if field == wanted[0] and not fields.HasField(field):
            (at / name).required("must populate information for the given metric source")
        elif field != wanted[0] and fields.HasField(field):
            (at / name).forbidden("must populate the given metric source only")
    if fields.HasField(wanted[0]):
        _check_source(at / wanted[1], metric, metric.type)


def _check_source(at: Place, metric: autoscaling.MetricSpec, source: str) -> None:
    match source:
        case "Object":
            _check_reference(at / "describedObject", metric.object.described_object)
            _check_identifier(at / "metric", metric.object.metric)
            _check_value(at / "target", metric.object.target)
        case "External":
            _check_identifier(at / "metric", metric.external.metric)
            _check_value(at / "target", metric.external.target)
            if metric.external.target.HasField("value") and metric.external.target.HasField("average_value"):
                (at / "target" / "value").forbidden("may not set both a target value for metric and a per-pod target")
        case "Pods":
            _check_identifier(at / "metric", metric.pods.metric)
            _check_target(at / "target", metric.pods.target)
            if not metric.pods.target.HasField("average_value"):
                (at / "target" / "averageValue").required("must specify a positive target averageValue")
        case "Resource":
            (at / "name").needs(metric.resource.name, detail="must specify a resource name")
            _check_usage(at / "target", metric.resource.target)
        case _:
            (at / "name").needs(metric.container_resource.name, detail="must specify a resource name")
            (at / "container").needs(metric.container_resource.container, detail="must specify a container")
            _check_usage(at / "target", metric.container_resource.target)


def _check_identifier(at: Place, metric: autoscaling.MetricIdentifier) -> None:
    (at / "name").needs(metric.name, _path_segment, "must specify a metric name")
    check_selector(at / "selector", metric.selector)


def _check_target(at: Place, target: autoscaling.MetricTarget) -> None:
    if not target.type:
        (at / "type").required("must specify a metric target type")
    elif target.type not in _TARGETS:
        (at / "type").invalid(target.type, "must be either Utilization, Value, or AverageValue")
    if target.HasField("value") and not _is_positive(target.value):
        (at / "value").invalid(target.value, "must be positive")
    if target.HasField("average_value") and not _is_positive(target.average_value):
        (at / "averageValue").invalid(target.average_value, "must be positive")
    if target.HasField("average_utilization") and target.average_utilization < 1:
        (at / "averageUtilization").invalid(target.average_utilization, "must be greater than 0")


def _check_value(at: Place, target: autoscaling.MetricTarget) -> None:
    """The target of a metric that is one number for all pods."""
    _check_target(at, target)
    if not target.HasField("value") and not target.HasField("average_value"):
        (at / "averageValue").required("must set either a target value for metric or a per-pod target")


def _check_usage(at: Place, target: autoscaling.MetricTarget) -> None:
    """The target of what pods use of a resource."""
    _check_target(at, target)
    if target.HasField("average_utilization") and target.HasField("average_value"):
        (at / "averageValue").forbidden("may not set both a target raw value and a target utilization")
    elif not target.HasField("average_utilization") and not target.HasField("average_value"):
        (at / "averageUtilization").required("must set either a target raw value or a target utilization")


def _is_positive(amount: meta.Quantity) -> bool:
    try:
        return quantity.parse(amount.string or "0") > 0
    except ValueError:
        return False


def _check_rules(at: Place, rules: autoscaling.HPAScalingRules) -> None:
    window = rules.stabilization_window_seconds
    if window < 0:
        (at / "stabilizationWindowSeconds").invalid(window, "must be greater than or equal to zero")
    elif window > _LONGEST_WINDOW:
        (at / "stabilizationWindowSeconds").invalid(window, f"must be less than or equal to {_LONGEST_WINDOW}")
    if rules.HasField("select_policy"):
        (at / "selectPolicy").one_of(rules.select_policy, _SELECTIONS)
    if not rules.policies:
        (at / "policies").required("must specify at least one Policy")
    for place, policy in (at / "policies").each(rules.policies):
        (place / "type").one_of(policy.type, _POLICIES)
        if policy.value <= 0:
            (place / "value").invalid(policy.value, "must be greater than zero")
        if policy.period_seconds <= 0:
            (place / "periodSeconds").invalid(policy.period_seconds, "must be greater than zero")
        elif policy.period_seconds > _LONGEST_PERIOD:
            (place / "periodSeconds").invalid(policy.period_seconds, f"must be less than or equal to {_LONGEST_PERIOD}")
    if rules.HasField("tolerance") and not _is_positive(rules.tolerance) and rules.tolerance.string not in ("", "0"):
        (at / "tolerance").invalid(rules.tolerance, "must be greater or equal to 0")
