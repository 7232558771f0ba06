"""Pods as the API shows them, with the kernel's figures."""

from __future__ import annotations

from dataplane.agent.stats import pod_stats, running
from dataplane.runtime.types import NodeUsage, Usage
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

NODE = Usage(1, 100, 1000)


def pod(name: str, *, runs: dict[str, str], ended: dict[str, str] | None = None) -> core.Pod:
    """`runs` and `ended` are containers' names with the ids of their latest runs."""
    made = core.Pod(metadata=meta.ObjectMeta(namespace="shop", name=name, uid=f"{name}-uid"))
    for container, one in runs.items():
        status = made.status.container_statuses.add(name=container, container_id=f"docker://{one}")
        status.state.running.started_at.seconds = 5
    for container, one in (ended or {}).items():
        status = made.status.container_statuses.add(name=container, container_id=f"docker://{one}")
        status.state.terminated.exit_code = 1
    return made


def test_containers_that_run_are_known_by_their_ids_init_containers_too() -> None:
    one = pod("web", runs={"web": "1"}, ended={"log": "2"})
    status = one.status.init_container_statuses.add(name="sidecar", container_id="docker://3")
    status.state.running.SetInParent()
    assert running(one) == {"docker://1": "web", "docker://3": "sidecar"}


def test_each_container_gets_its_own_figures() -> None:
    measured = NodeUsage(NODE, {"web-uid": Usage(2, 50, 500)}, {"1": Usage(3, 20, 200), "2": Usage(4, 25, 250)})
    (stats,) = pod_stats([pod("web", runs={"web": "1", "log": "2"})], measured)
    assert (stats.namespace, stats.name, stats.uid) == ("shop", "web", "web-uid")
    assert (stats.usage.time_nanos, stats.usage.cpu_nanos, stats.usage.working_set_bytes) == (2, 50, 500)
    assert [(one.name, one.id, one.usage.cpu_nanos, one.usage.working_set_bytes) for one in stats.containers] == [
        ("web", "docker://1", 20, 200),
        ("log", "docker://2", 25, 250),
    ]


def test_a_container_that_has_just_ended_is_left_out_and_so_is_a_pod_without_any() -> None:
    measured = NodeUsage(NODE, {"web-uid": NODE, "gone-uid": NODE}, {"1": NODE})
    pods = [pod("web", runs={"web": "1", "log": "2"}), pod("gone", runs={"web": "3"}), pod("waits", runs={})]
    (stats,) = pod_stats(pods, measured)
    assert [one.name for one in stats.containers] == ["web"]
