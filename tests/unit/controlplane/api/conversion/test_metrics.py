"""A metric in two shapes."""

from typing import Any

import pytest

from controlplane.api.conversion import metrics

REF = {"kind": "Ingress", "name": "main"}
BY_QUEUE = {"matchLabels": {"queue": "a"}}

SPECS = [
    ("resource", {"name": "cpu", "targetAverageUtilization": 50},
     {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}),
    ("containerResource", {"name": "cpu", "container": "web", "targetAverageValue": "100m"},
     {"name": "cpu", "container": "web", "target": {"type": "AverageValue", "averageValue": "100m"}}),
    ("pods", {"metricName": "qps", "targetAverageValue": "1k", "selector": BY_QUEUE},
     {"metric": {"name": "qps", "selector": BY_QUEUE}, "target": {"type": "AverageValue", "averageValue": "1k"}}),
    ("object", {"metricName": "qps", "target": REF, "targetValue": "10k"},
     {"metric": {"name": "qps"}, "describedObject": REF, "target": {"type": "Value", "value": "10k"}}),
    ("external", {"metricName": "ready", "metricSelector": BY_QUEUE, "targetAverageValue": "30"},
     {"metric": {"name": "ready", "selector": BY_QUEUE}, "target": {"type": "AverageValue", "averageValue": "30"}}),
    ("external", {"metricName": "ready", "targetValue": "30"},
     {"metric": {"name": "ready"}, "target": {"type": "Value", "value": "30"}}),
]  # fmt: skip
STATUSES = [
    ("resource", {"name": "cpu", "currentAverageUtilization": 50, "currentAverageValue": "90m"},
     {"name": "cpu", "current": {"averageUtilization": 50, "averageValue": "90m"}}),
    ("pods", {"metricName": "qps", "currentAverageValue": "1k"},
     {"metric": {"name": "qps"}, "current": {"averageValue": "1k"}}),
    ("object", {"metricName": "qps", "target": REF, "currentValue": "9", "averageValue": "3"},
     {"metric": {"name": "qps"}, "describedObject": REF, "current": {"value": "9", "averageValue": "3"}}),
    ("external", {"metricName": "ready", "metricSelector": BY_QUEUE, "currentValue": "30"},
     {"metric": {"name": "ready", "selector": BY_QUEUE}, "current": {"value": "30"}}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "old", "new"), SPECS)
def test_what_is_aimed_for(source: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    metric = {"type": source.capitalize()}
    assert metrics.spec_in(metric | {source: old}) == metric | {source: new}
    assert metrics.spec_out(metric | {source: new}) == metric | {source: old}


@pytest.mark.parametrize(("source", "old", "new"), STATUSES)
def test_what_was_measured(source: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert metrics.status_in({source: old}) == {source: new}
    assert metrics.status_out({source: new}) == {source: old}


def test_a_share_per_pod_counts_where_the_whole_value_was_written_as_nothing() -> None:
    old = {"object": {"metricName": "qps", "target": REF, "targetValue": "0", "averageValue": "5"}}
    assert metrics.spec_in(old)["object"]["target"] == {"type": "AverageValue", "averageValue": "5"}


def test_what_is_no_metric_is_left_for_the_decoder() -> None:
    assert metrics.spec_in({"type": "Pods", "pods": 3}) == {"type": "Pods", "pods": 3}
    assert metrics.spec_out({"type": "Pods", "pods": None}) == {"type": "Pods", "pods": None}
