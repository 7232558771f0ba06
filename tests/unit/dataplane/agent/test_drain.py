"""Who still sends a pod something, from slices and leases."""

from __future__ import annotations

import pytest

from dataplane.agent.drain import lagging, ready_revision
from dataplane.agent.leases import DATAPLANE_REVISION, node_lease
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from tests.support.builders import make_meta


def listing(address: str, *, ready: bool | None, revision: int, uid: str = "uid-web") -> discovery.EndpointSlice:
    one = discovery.EndpointSlice(metadata=make_meta("web", resource_version=str(revision)))
    endpoint = one.endpoints.add(addresses=[address])
    endpoint.target_ref.uid = uid
    if ready is not None:
        endpoint.conditions.ready = ready
    return one


def a_node(name: str, ready: str) -> core.Node:
    node = core.Node(metadata=make_meta(name, ""))
    node.status.conditions.add(type="Ready", status=ready)
    return node


def a_lease(name: str, revision: str) -> coordination.Lease:
    lease = node_lease(name, 0)
    if revision:
        lease.metadata.annotations[DATAPLANE_REVISION] = revision
    return lease


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        ([], (False, 0)),
        ([listing("10.1.0.9", ready=True, revision=5)], (False, 0)),
        ([listing("10.1.0.5", ready=True, revision=5, uid="another")], (False, 0)),
        ([listing("10.1.0.5", ready=True, revision=5)], (True, 5)),
        ([listing("10.1.0.5", ready=None, revision=5)], (True, 5)),
        ([listing("10.1.0.5", ready=False, revision=6)], (False, 6)),
        ([listing("10.1.0.5", ready=False, revision=6), listing("10.1.0.5", ready=True, revision=4)], (True, 6)),
        ([listing("10.1.0.5", ready=True, revision=5, uid="")], (True, 5)),
    ],
)
def test_a_pod_is_ready_while_any_slice_says_so(slices: list[discovery.EndpointSlice], expected: tuple[bool, int]) -> None:
    assert ready_revision(slices, "uid-web", "10.1.0.5") == expected


def test_nodes_that_live_must_have_reached_the_revision() -> None:
    nodes = [a_node("a", "True"), a_node("b", "True"), a_node("c", "True"), a_node("dead", "Unknown"), a_node("d", "True")]
    leases = [a_lease("a", "7"), a_lease("b", "6"), a_lease("c", ""), a_lease("dead", "1")]
    assert lagging(nodes, leases, 7) == {"b", "c", "d"}
    assert lagging(nodes, leases, 0) == set()
