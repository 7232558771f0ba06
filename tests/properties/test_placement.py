"""Placement never breaks a rule and never over-commits: checked against sums made anew, by simpler code."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.api import quantity
from controlplane.scheduler.place import place
from controlplane.scheduler.view import ClusterView, needs_of
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_node, make_pod, make_port, make_taint, make_toleration

CPUS = st.sampled_from(["0", "50m", "250m", "1", "1500m"])
MEMORIES = st.sampled_from(["0", "64Mi", "1Gi", "1500M"])


@st.composite
def nodes(draw: st.DrawFn) -> list[core.Node]:
    return [
        make_node(
            f"node-{number}",
            cpu=draw(st.sampled_from(["1", "2", "3500m"])),
            memory=draw(st.sampled_from(["1Gi", "2Gi"])),
            pods=draw(st.sampled_from(["2", "5", "110"])),
            labels={"zone": draw(st.sampled_from("ab"))},
            taints=[make_taint("team", value="a")] if draw(st.booleans()) else [],
            unschedulable=draw(st.integers(0, 5)) == 0,
        )
        for number in range(draw(st.integers(0, 5)))
    ]


@st.composite
def pods(draw: st.DrawFn, number: int) -> core.Pod:
    ports = [make_port(80, host_port=draw(st.sampled_from([80, 81])))] if draw(st.integers(0, 4)) == 0 else []
    container = make_container(requests={"cpu": draw(CPUS), "memory": draw(MEMORIES)}, ports=ports)
    pod = make_pod(f"p-{number}", containers=[container])
    if draw(st.booleans()):
        pod.spec.tolerations.append(make_toleration("team"))
    if draw(st.integers(0, 2)) == 0:
        pod.spec.node_selector["zone"] = draw(st.sampled_from("ab"))
    return pod


def may_host(node: core.Node, pod: core.Pod, there: list[core.Pod]) -> bool:
    """The rules once more, from the objects alone."""
    if node.spec.unschedulable or (node.spec.taints and not pod.spec.tolerations):
        return False
    if any(node.metadata.labels.get(key) != value for key, value in pod.spec.node_selector.items()):
        return False
    together = [*there, pod]
    host_ports = [port.host_port for one in together for c in one.spec.containers for port in c.ports]
    if len(host_ports) != len(set(host_ports)) or len(together) > int(node.status.allocatable["pods"].string):
        return False
    return all(_sum(together, name) <= quantity.parse(node.status.allocatable[name].string) for name in ("cpu", "memory"))


def _sum(some: list[core.Pod], resource: str) -> Fraction:
    return sum((quantity.parse(c.resources.requests[resource].string) for one in some for c in one.spec.containers),
               Fraction(0))  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(nodes(), st.data())
def test_every_placement_is_allowed_and_every_refusal_is_right(cluster: list[core.Node], data: st.DataObject) -> None:
    view = ClusterView()
    for node in cluster:
        view.set_node(node)
    by_name = {node.metadata.name: node for node in cluster}
    hosted: dict[str, list[core.Pod]] = {name: [] for name in by_name}
    for number in range(data.draw(st.integers(0, 14))):
        leaving = [pod for there in hosted.values() for pod in there]
        if leaving and data.draw(st.integers(0, 3)) == 0:
            gone = data.draw(st.sampled_from(range(len(leaving))))
            view.remove_pod(leaving[gone].metadata.uid)
            for there in hosted.values():
                there[:] = [pod for pod in there if pod is not leaving[gone]]
        pod = data.draw(pods(number))
        placement = place(pod, needs_of(pod), view, tie=number)
        fitting = [name for name, node in by_name.items() if may_host(node, pod, hosted[name])]
        if not placement.node:
            assert not fitting, placement.message
            assert placement.nodes == len(cluster)
            continue
        assert placement.node in fitting
        hosted[placement.node].append(pod)
        view.add_pod(pod.metadata.uid, placement.node, needs_of(pod))
