"""Events under other names."""

import pytest

from controlplane.api import registry
from controlplane.api.conversion import table

OURS = {
    "involvedObject": {"kind": "Pod", "name": "a"},
    "message": "started",
    "reportingComponent": "kubelet",
    "reportingInstance": "node-1",
    "source": {"component": "kubelet", "host": "node-1"},
    "firstTimestamp": "2026-01-01T00:00:00Z",
    "lastTimestamp": "2026-01-01T00:00:05Z",
    "count": 3,
    "reason": "Started",
    "type": "Normal",
}
THEIRS = {
    "regarding": {"kind": "Pod", "name": "a"},
    "note": "started",
    "reportingController": "kubelet",
    "reportingInstance": "node-1",
    "deprecatedSource": {"component": "kubelet", "host": "node-1"},
    "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
    "deprecatedLastTimestamp": "2026-01-01T00:00:05Z",
    "deprecatedCount": 3,
    "reason": "Started",
    "type": "Normal",
}


@pytest.mark.parametrize("version", registry.EVENTS.older)
def test_each_field_has_its_counterpart(version: str) -> None:
    ours, theirs = {"apiVersion": "v1", "kind": "Event"} | OURS, {"apiVersion": version, "kind": "Event"} | THEIRS
    assert table.to_current(registry.EVENTS, theirs) == ours
    assert table.from_current(registry.EVENTS, ours, version) == theirs


def test_the_state_of_a_series_is_dropped() -> None:
    series = {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z", "state": "Ongoing"}
    doc = {"apiVersion": "events.k8s.io/v1beta1", "kind": "Event", "series": series}
    assert table.to_current(registry.EVENTS, doc)["series"] == {name: series[name] for name in ("count", "lastObservedTime")}
