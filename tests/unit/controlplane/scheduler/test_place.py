"""Placement: which node, and when none, why, in Kubernetes' words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from controlplane.scheduler.place import Placement, place
from controlplane.scheduler.view import ClusterView, needs_of
from protos.v1 import core_pb2 as core
from tests.support.builders import (
    make_container,
    make_node,
    make_pod,
    make_port,
    make_replica_set,
    make_taint,
    make_toleration,
)


def view_of(*nodes: core.Node, pods: Sequence[core.Pod] = ()) -> ClusterView:
    view = ClusterView()
    for node in nodes:
        view.set_node(node)
    for pod in pods:
        view.add_pod(pod.metadata.uid, pod.spec.node_name, needs_of(pod))
    return view


def placed(pod: core.Pod, view: ClusterView, tie: int = 0) -> Placement:
    return place(pod, needs_of(pod), view, tie=tie)


def with_affinity(
    pod: core.Pod, *, key: str, operator: str, values: Sequence[str] = (), preferred: bool = False
) -> core.Pod:
    affinity = pod.spec.affinity.node_affinity
    if preferred:
        term = affinity.preferred_during_scheduling_ignored_during_execution.add(weight=10).preference
    else:
        term = affinity.required_during_scheduling_ignored_during_execution.node_selector_terms.add()
    term.match_expressions.add(key=key, operator=operator, values=values)
    return pod


def selecting(**labels: str) -> core.Pod:
    pod = make_pod("p")
    pod.spec.node_selector.update(labels)
    return pod


def on_port(number: int, *, name: str = "p", node: str = "") -> core.Pod:
    return make_pod(name, node=node, containers=[make_container(ports=[make_port(80, host_port=number)])])


TAINTED = make_node("tainted", taints=[make_taint("team", value="a")])


@pytest.mark.parametrize(
    ("pod", "view", "message"),
    [
        pytest.param(make_pod("p"), view_of(), "no nodes available to schedule pods", id="no nodes"),
        pytest.param(
            make_pod("p", requests={"cpu": "5", "memory": "9Gi"}), view_of(make_node()),
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.", id="both short"),
        pytest.param(
            make_pod("p"), view_of(TAINTED, make_node("cordoned", unschedulable=True)),
            "0/2 nodes are available: 1 node(s) had untolerated taint {team: a}, 1 node(s) were unschedulable.",
            id="taint and cordon"),
        pytest.param(
            selecting(disk="ssd"), view_of(make_node()),
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", id="selector"),
        pytest.param(
            on_port(80), view_of(make_node(), pods=[on_port(80, name="q", node="node-1")]),
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", id="host port"),
        pytest.param(
            make_pod("p"), view_of(make_node(pods="1"), pods=[make_pod("q", node="node-1")]),
            "0/1 nodes are available: 1 Too many pods.", id="pods"),
        pytest.param(
            make_pod("p", requests={"example.com/gpu": "1"}), view_of(make_node()),
            "0/1 nodes are available: 1 Insufficient example.com/gpu.", id="extended resource"),
    ],
)  # fmt: skip
def test_a_pod_that_fits_nowhere_is_told_why(pod: core.Pod, view: ClusterView, message: str) -> None:
    placement = placed(pod, view)
    assert placement.node == ""
    assert placement.message == message


@pytest.mark.parametrize(
    ("pod", "node"),
    [
        pytest.param(make_pod("p", tolerations=[make_toleration("team", value="a")]), TAINTED, id="tolerated"),
        pytest.param(make_pod("p", tolerations=[make_toleration("team", "NoSchedule")]), TAINTED, id="tolerated by key"),
        pytest.param(make_pod("p"), make_node("soft", taints=[make_taint("team", "PreferNoSchedule")]), id="soft taint"),
        pytest.param(
            make_pod("p", tolerations=[make_toleration("node.kubernetes.io/unschedulable")]),
            make_node("cordoned", unschedulable=True), id="tolerates the cordon"),
        pytest.param(selecting(disk="ssd"), make_node("ssd", labels={"disk": "ssd"}), id="selected"),
        pytest.param(
            with_affinity(make_pod("p"), key="size", operator="Gt", values=["3"]), make_node("big", labels={"size": "4"}),
            id="affinity"),
        pytest.param(make_pod("p", requests={"cpu": "4", "memory": "8Gi"}), make_node("exact"), id="fits exactly"),
    ],
)  # fmt: skip
def test_a_pod_goes_where_it_is_allowed(pod: core.Pod, node: core.Node) -> None:
    assert placed(pod, view_of(node)).node == node.metadata.name


def test_the_emptier_node_is_better() -> None:
    busy = make_pod("busy", node="node-1", requests={"cpu": "2", "memory": "4Gi"})
    assert placed(make_pod("p"), view_of(make_node("node-1"), make_node("node-2"), pods=[busy])).node == "node-2"


def test_soft_taints_and_wishes_count() -> None:
    soft = make_node("soft", taints=[make_taint("team", "PreferNoSchedule")])
    assert placed(make_pod("p"), view_of(soft, make_node("plain"))).node == "plain"
    wishing = with_affinity(make_pod("p"), key="disk", operator="In", values=["ssd"], preferred=True)
    assert placed(wishing, view_of(make_node("plain"), make_node("ssd", labels={"disk": "ssd"}))).node == "ssd"


def test_pods_of_one_owner_spread_even_over_unequal_nodes() -> None:
    view = view_of(make_node("node-1"), make_node("node-2"),
                   pods=[make_pod("busy", node="node-1", requests={"cpu": "3", "memory": "1Gi"})])  # fmt: skip
    owner = make_replica_set("web-1")
    chosen = []
    for number in range(6):
        pod = make_pod(f"web-{number}", owner=owner, requests={"cpu": "50m"})
        node = placed(pod, view, tie=number).node
        view.add_pod(pod.metadata.uid, node, needs_of(pod))
        chosen.append(node)
    assert Counter(chosen) == {"node-1": 3, "node-2": 3}
    assert sorted(Counter(chosen[:3]).values()) == [1, 2]


def test_ties_are_broken_by_the_number_handed_in() -> None:
    view = view_of(make_node("a"), make_node("b"), make_node("c"))
    assert {placed(make_pod("p"), view, tie=tie).node for tie in range(3)} == {"a", "b", "c"}


def test_what_a_pod_needs() -> None:
    pod = make_pod("p", containers=[make_container("a", requests={"cpu": "100m", "memory": "1Mi"}),
                                    make_container("b", requests={"cpu": "200m"})])  # fmt: skip
    pod.spec.init_containers.append(make_container("init", requests={"memory": "5Mi"}))
    assert needs_of(pod).requests == {"cpu": 300, "memory": 5 << 20, "pods": 1}
    sidecar = make_container("side", requests={"cpu": "50m"})
    sidecar.restart_policy = "Always"
    pod.spec.init_containers.append(sidecar)
    assert needs_of(pod).requests["cpu"] == 350
    pod.spec.overhead["cpu"].string = "10m"
    assert needs_of(pod).requests["cpu"] == 360


def test_a_pod_counts_once_however_often_it_is_told() -> None:
    view = view_of(make_node("node-1"), make_node("node-2"))
    pod = make_pod("p", requests={"cpu": "1"})
    for node in ("node-1", "node-1", "node-2"):
        view.add_pod(pod.metadata.uid, node, needs_of(pod))
    used = {info.node.metadata.name: info.requested["cpu"] for info in view.nodes if info.node is not None}
    assert used == {"node-1": 0, "node-2": 1000}
    assert view.remove_pod(pod.metadata.uid)
    assert not view.remove_pod(pod.metadata.uid)


def test_pods_known_before_their_node_count_on_it() -> None:
    view = ClusterView()
    pod = make_pod("p", node="node-1", requests={"cpu": "4"})
    view.add_pod(pod.metadata.uid, "node-1", needs_of(pod))
    assert view.nodes == []
    view.set_node(make_node("node-1"))
    assert placed(make_pod("q", requests={"cpu": "1"}), view).message == "0/1 nodes are available: 1 Insufficient cpu."
    view.remove_node("node-1")
    view.remove_pod(pod.metadata.uid)
    assert view.get("node-1") is None
