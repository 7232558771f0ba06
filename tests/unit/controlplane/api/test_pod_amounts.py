"""What a pod asks for as a whole."""

from __future__ import annotations

from fractions import Fraction

import pytest

from controlplane.api import pod_amounts
from protos.v1 import core_pb2 as core
from tests.support.builders import fill, make_container, make_pod


def with_init(*containers: core.Container, requests: dict[str, str] | None = None) -> core.Pod:
    pod = make_pod("a", requests=requests)
    pod.spec.init_containers.extend(containers)
    return pod


def make_sidecar(name: str, requests: dict[str, str]) -> core.Container:
    container = make_container(name, requests=requests)
    container.restart_policy = "Always"
    return container


def test_containers_add_up() -> None:
    pod = make_pod(
        "a", containers=[make_container("a", requests={"cpu": "100m"}), make_container("b", requests={"cpu": "1"})]
    )
    assert pod_amounts.requests_of(pod) == {"cpu": Fraction(11, 10)}


def test_of_the_init_containers_the_largest_counts() -> None:
    small, large = make_container("s", requests={"cpu": "1"}), make_container("l", requests={"cpu": "3"})
    assert pod_amounts.requests_of(with_init(small, large, requests={"cpu": "2"})) == {"cpu": 3}
    assert pod_amounts.requests_of(with_init(small, requests={"cpu": "2"})) == {"cpu": 2}


def test_sidecars_stay_beside_what_follows_them() -> None:
    sidecar, last = make_sidecar("side", {"cpu": "1"}), make_container("last", requests={"cpu": "3"})
    assert pod_amounts.requests_of(with_init(sidecar, last, requests={"cpu": "2"})) == {"cpu": 4}
    assert pod_amounts.requests_of(with_init(last, sidecar, requests={"cpu": "2"})) == {"cpu": 3}


def test_overhead_is_requested_and_limited_only_where_there_is_a_limit() -> None:
    pod = make_pod("a", containers=[make_container("a", requests={"cpu": "1"}, limits={"memory": "1Gi"})])
    fill(pod.spec.overhead, {"cpu": "1", "memory": "1Gi"})
    assert pod_amounts.requests_of(pod) == {"cpu": 2, "memory": 1 << 30}
    assert pod_amounts.limits_of(pod) == {"memory": 2 << 30}


def test_what_the_pod_itself_asks_for_goes_before_the_sum() -> None:
    pod = make_pod("a", requests={"cpu": "1", "memory": "1Gi"})
    fill(pod.spec.resources.requests, {"cpu": "5"})
    assert pod_amounts.requests_of(pod) == {"cpu": 5, "memory": 1 << 30}


@pytest.mark.parametrize(
    ("requests", "best_effort"), [({}, True), ({"cpu": "0"}, True), ({"example.com/gpu": "1"}, True), ({"cpu": "1m"}, False)]
)
def test_a_pod_that_asks_for_neither_cpu_nor_memory_is_best_effort(requests: dict[str, str], best_effort: bool) -> None:
    assert pod_amounts.is_best_effort(make_pod("a", requests=requests)) is best_effort


@pytest.mark.parametrize(
    ("name", "amount", "text"),
    [
        ("pods", Fraction(12), "12"),
        ("requests.cpu", Fraction(3, 2), "1500m"),
        ("limits.memory", Fraction(3 << 30), "3Gi"),
        ("requests.storage", Fraction(1000), "1k"),
        ("memory", Fraction(0), "0"),
        ("gold.storageclass.storage.k8s.io/persistentvolumeclaims", Fraction(2048), "2048"),
    ],
)
def test_amounts_are_written_as_kubernetes_writes_them(name: str, amount: Fraction, text: str) -> None:
    assert pod_amounts.text_of(name, amount) == text
