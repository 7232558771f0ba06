"""Nodes: silence, taints, eviction, address ranges, and pods whose node is gone."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import objects
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import NODES
from controlplane.controllers.node import plan_node
from controlplane.controllers.node_ipam import plan_node_ranges
from controlplane.controllers.plan import Absent, Delete, Plan
from controlplane.controllers.pod_garbage import plan_lost_pod
from controlplane.controllers.taint_eviction import plan_taint_eviction
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, make_node, make_pod, make_taint, make_toleration
from tests.support.simulation import LaggingView, Store

NOW = CREATED + 1000
UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"


def plan_for(node: core.Node, *pods: core.Pod, silent: float = 5) -> Plan:
    return plan_node(node, LaggingView(Store(node, *pods)), NOW, silent_seconds=silent, grace_seconds=40)


def written(plan: Plan) -> core.Node:
    (node,) = [obj for obj in (*plan.updates, *plan.status_updates) if isinstance(obj, core.Node)]
    return node


def taints_of(plan: Plan) -> set[tuple[str, str]]:
    return {(taint.key, taint.effect) for taint in written(plan).spec.taints}


def test_a_node_that_reports_is_left_alone_until_it_may_be_late() -> None:
    plan = plan_for(make_node(), silent=15)
    assert not plan.writes
    assert plan.requeue_after == 25


def test_a_silent_node_is_unknown_in_every_condition() -> None:
    node = make_node()
    node.status.conditions.add(type="MemoryPressure", status="False")
    plan = plan_for(node, silent=40)
    conditions = {c.type: (c.status, c.reason, c.message) for c in written(plan).status.conditions}
    stopped = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    never = ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.")
    assert conditions == {"Ready": stopped, "MemoryPressure": stopped, "DiskPressure": never, "PIDPressure": never}
    (event,) = plan.events
    assert (event.reason, event.message) == ("NodeNotReady", "Node node-1 status is now: NodeNotReady")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        pytest.param(make_node(ready="Unknown"), {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}, id="unknown"),
        pytest.param(make_node(ready="False"), {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")}, id="not ready"),
        pytest.param(
            make_node(unschedulable=True), {("node.kubernetes.io/unschedulable", "NoSchedule")}, id="cordoned"),
        pytest.param(
            make_node(ready="Unknown", taints=[make_taint(NOT_READY), make_taint(NOT_READY, "NoExecute"), make_taint("a")]),
            {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute"), ("a", "NoSchedule")}, id="not ready, then unknown"),
        pytest.param(
            make_node(taints=[make_taint(UNREACHABLE), make_taint(UNREACHABLE, "NoExecute"), make_taint("own", value="x")]),
            {("own", "NoSchedule")}, id="back again"),
    ],
)  # fmt: skip
def test_taints_follow_the_conditions_and_spare_those_of_others(node: core.Node, expected: set[tuple[str, str]]) -> None:
    plan = plan_for(node)
    assert taints_of(plan) == expected
    assert not plan_for(written(plan)).writes


def test_a_taint_keeps_the_time_it_was_added() -> None:
    node = make_node(ready="Unknown", taints=[make_taint(UNREACHABLE, "NoExecute", added=NOW - 50)])
    kept = [taint for taint in written(plan_for(node)).spec.taints if taint.effect == "NoExecute"]
    assert [taint.time_added.seconds for taint in kept] == [NOW - 50]


def test_pressure_keeps_new_pods_away() -> None:
    node = make_node()
    node.status.conditions.add(type="DiskPressure", status="True")
    assert taints_of(plan_for(node)) == {("node.kubernetes.io/disk-pressure", "NoSchedule")}


def test_pods_of_a_lost_node_are_no_longer_ready() -> None:
    node = make_node(ready="Unknown")
    plan = plan_for(node, make_pod("a", node="node-1", ready=True), make_pod("b", node="node-2", ready=True))
    (pod,) = [obj for obj in plan.status_updates if isinstance(obj, core.Pod)]
    assert pod.metadata.name == "a"
    assert objects.condition_is(pod.status.conditions, "Ready", "False")


def evictions(pod: core.Pod, *taints: core.Taint) -> Plan:
    node = make_node(taints=taints)
    return plan_taint_eviction(node, LaggingView(Store(node, pod)), NOW)


LOST = make_taint(UNREACHABLE, "NoExecute", added=NOW - 100)


@pytest.mark.parametrize(
    ("tolerations", "leaves", "wait"),
    [
        pytest.param([], True, None, id="not tolerated"),
        pytest.param([make_toleration(UNREACHABLE, "NoExecute")], False, None, id="for ever"),
        pytest.param([make_toleration(UNREACHABLE, "NoExecute", seconds=300)], False, 200, id="not yet"),
        pytest.param([make_toleration(UNREACHABLE, "NoExecute", seconds=100)], True, None, id="long enough"),
        pytest.param([make_toleration(UNREACHABLE, "NoSchedule")], True, None, id="another effect"),
        pytest.param([make_toleration()], False, None, id="tolerates everything"),
    ],
)
def test_a_pod_stays_as_long_as_it_tolerates(tolerations: list[core.Toleration], leaves: bool, wait: float | None) -> None:
    plan = evictions(make_pod("a", node="node-1", tolerations=tolerations), LOST)
    assert bool(plan.deletes) == leaves
    assert plan.requeue_after == wait
    if leaves:
        assert plan.events[0].message == "Marking for deletion Pod default/a"


def test_only_no_execute_evicts_and_only_those_that_still_run() -> None:
    assert not evictions(make_pod("a", node="node-1"), make_taint(UNREACHABLE, "NoSchedule")).writes
    assert not evictions(make_pod("a", node="node-1", deleted=NOW), LOST).writes
    mirror = make_pod("a", node="node-1")
    mirror.metadata.annotations["kubernetes.io/config.mirror"] = "x"
    assert not evictions(mirror, LOST).writes


def ranges(*nodes: core.Node, cidr: str = "10.244.0.0/16") -> dict[str, str]:
    plan = plan_node_ranges(LaggingView(Store(*nodes)), cluster_cidr=cidr, node_cidr_bits=24)
    return {obj.metadata.name: obj.spec.pod_cidr for obj in plan.updates if isinstance(obj, core.Node)}


def test_nodes_get_the_first_free_ranges_oldest_first() -> None:
    known = make_node("a", pod_cidr="10.244.1.0/24")
    assert ranges(known, make_node("c", created=CREATED), make_node("b", created=CREATED + 1)) == {
        "c": "10.244.0.0/24", "b": "10.244.2.0/24"}  # fmt: skip
    assert ranges(known) == {}


def test_when_the_ranges_are_used_up_the_newest_node_waits() -> None:
    nodes = [make_node(f"n{n}", created=CREATED + n) for n in range(3)]
    assert ranges(*nodes, cidr="10.244.0.0/23") == {"n0": "10.244.0.0/24", "n1": "10.244.1.0/24"}


@given(st.lists(st.integers(0, 15), max_size=8, unique=True), st.integers(0, 10))
def test_no_two_nodes_ever_share_an_address(taken: list[int], newcomers: int) -> None:
    old = [make_node(f"old-{n}", pod_cidr=f"10.244.{n}.0/24") for n in taken]
    given_out = ranges(*old, *(make_node(f"new-{n}") for n in range(newcomers)), cidr="10.244.0.0/20")
    everyone = [ipaddress.IPv4Network(cidr) for cidr in (*(node.spec.pod_cidr for node in old), *given_out.values())]
    assert len(given_out) == min(newcomers, 16 - len(taken))
    assert len(set(everyone)) == len(everyone)
    assert all(network.subnet_of(ipaddress.IPv4Network("10.244.0.0/20")) for network in everyone)


def test_a_pod_goes_when_its_node_is_gone_for_certain() -> None:
    pod, node = make_pod("a", node="node-9"), make_node("node-9")

    def plan(*known: ApiObject) -> Plan:
        return plan_lost_pod(pod, LaggingView(Store(*known)), NOW)

    (write,) = plan(pod).writes
    assert write == Delete(pod, grace_seconds=0, guards=(Absent(NODES, Key("", "node-9")),))
    assert not plan(pod, node).writes
    assert not plan_lost_pod(make_pod("b"), LaggingView(Store()), NOW).writes
