"""What Kubernetes fills in for HorizontalPodAutoscalers."""

from __future__ import annotations

from protos.v1 import autoscaling_pb2 as autoscaling

CPU_UTILIZATION = 80
_UP = (("Pods", 4), ("Percent", 100))
_DOWN = (("Percent", 100),)
_PERIOD_SECONDS = 15


def fill_autoscaler(autoscaler: autoscaling.HorizontalPodAutoscaler) -> None:
    spec = autoscaler.spec
    if not spec.HasField("min_replicas"):
        spec.min_replicas = 1
    if not spec.metrics:
        metric = spec.metrics.add(type="Resource")
        metric.resource.name = "cpu"
        metric.resource.target.type = "Utilization"
        metric.resource.target.average_utilization = CPU_UTILIZATION
    if spec.HasField("behavior"):
        _fill_rules(spec.behavior.scale_up, _UP)
        if not spec.behavior.scale_up.HasField("stabilization_window_seconds"):
            spec.behavior.scale_up.stabilization_window_seconds = 0
        _fill_rules(spec.behavior.scale_down, _DOWN)


def _fill_rules(rules: autoscaling.HPAScalingRules, policies: tuple[tuple[str, int], ...]) -> None:
    if not rules.HasField("select_policy"):
        rules.select_policy = "Max"
    if not rules.policies:
        for kind, value in policies:
            rules.policies.add(type=kind, value=value, period_seconds=_PERIOD_SECONDS)
