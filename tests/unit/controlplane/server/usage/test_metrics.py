"""Metrics as the metrics server words them."""

from __future__ import annotations

from typing import Any

from controlplane.api import codec, registry
from controlplane.api.objects import Key
from controlplane.server.usage import metrics
from controlplane.server.usage.rates import NANOS, Measured, Rate
from controlplane.store.records import Record
from protos.v1 import core_pb2 as core
from tests.support.builders import make_node, make_pod

ENDED, NOW = 1_795_347_600, 1_795_347_603.5
WIDE = Rate(ENDED * NANOS, 10_062_345_678, cpu_nanocores=1_234_567, working_set_bytes=17 << 20)
NARROW = Rate(ENDED * NANOS, 1_050_000_000, cpu_nanocores=0, working_set_bytes=0)
ON_NODE = {"n": Measured(WIDE, {"u": {"log": NARROW, "web": WIDE}})}


def stored(obj: core.Pod | core.Node, namespace: str = "") -> Record:
    kind = registry.PODS if isinstance(obj, core.Pod) else registry.NODES
    return Record(kind, Key(namespace, obj.metadata.name), obj.SerializeToString(), 5)


def told(subject: metrics.Subject, record: Record) -> dict[str, Any]:
    made = subject.make(record, ON_NODE, NOW)
    assert made is not None
    return codec.to_dict(subject.kind, made.message())


def test_a_pod_s_metrics_carry_its_names_and_labels_and_the_longest_window() -> None:
    doc = told(metrics.PODS, stored(make_pod("web", labels={"app": "web"}, node="n", uid="u"), "default"))
    assert (doc["apiVersion"], doc["kind"]) == ("metrics.k8s.io/v1beta1", "PodMetrics")
    assert (doc["metadata"]["name"], doc["metadata"]["namespace"]) == ("web", "default")
    assert doc["metadata"]["labels"] == {"app": "web"}
    assert doc["metadata"]["creationTimestamp"] == "2026-11-22T11:40:03Z"
    assert (doc["timestamp"], doc["window"]) == ("2026-11-22T11:40:00Z", "10.062s")
    assert doc["containers"] == [
        {"name": "log", "usage": {"cpu": "0", "memory": "0"}},
        {"name": "web", "usage": {"cpu": "1234567n", "memory": "17408Ki"}},
    ]


def test_a_node_s_metrics_carry_its_name_and_labels() -> None:
    doc = told(metrics.NODES, stored(make_node("n", labels={"disk": "ssd"})))
    assert (doc["kind"], doc["metadata"]["name"], doc["metadata"]["labels"]["disk"]) == ("NodeMetrics", "n", "ssd")
    assert (doc["window"], doc["usage"]) == ("10.062s", {"cpu": "1234567n", "memory": "17408Ki"})


def test_what_was_not_measured_has_no_metrics() -> None:
    on_another = stored(make_pod("web", node="m", uid="u"), "default")
    of_another_uid = stored(make_pod("web", node="n", uid="v"), "default")
    assert metrics.PODS.make(on_another, ON_NODE, NOW) is None
    assert metrics.PODS.make(of_another_uid, ON_NODE, NOW) is None
    assert metrics.NODES.make(stored(make_node("m")), ON_NODE, NOW) is None
