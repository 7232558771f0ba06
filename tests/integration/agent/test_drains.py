"""A pod is told to end only after the data planes have dropped it and its clients are done."""

from __future__ import annotations

import asyncio
import time

import pytest

from controlplane.api import registry
from dataplane.agent.leases import DATAPLANE_REVISION, NAMESPACE
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import meta_pb2 as meta
from tests.integration.agent.harness import Node, container
from tests.support.waiting import eventually

pytestmark = pytest.mark.root

TELLS = ("sh", "-c", "trap 'echo told; sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done")


async def a_listed_pod(node: Node) -> tuple[core.Pod, discovery.EndpointSlice]:
    """A pod that runs, listed as ready."""
    await node.client.create(node.pod(containers=[container(command=TELLS)], termination_grace_period_seconds=20))
    pod = await node.reaches("Running", ready=True)
    listed = discovery.EndpointSlice(metadata=meta.ObjectMeta(name="web", namespace="default"), address_type="IPv4")
    endpoint = listed.endpoints.add(addresses=[pod.status.pod_ip])
    endpoint.conditions.ready = True
    endpoint.target_ref.kind, endpoint.target_ref.uid = "Pod", pod.metadata.uid
    return pod, await node.client.create(listed)


async def drop(node: Node, listed: discovery.EndpointSlice) -> int:
    """The endpoint controller's part; the revision at which it was done."""
    conditions = listed.endpoints[0].conditions
    conditions.ready, conditions.serving, conditions.terminating = False, True, True
    return int((await node.client.update(listed)).metadata.resource_version)


async def told(node: Node) -> bool:
    return "Killing" in {event.reason for event in (await node.client.list(registry.EVENTS, "default")).items}


async def stays_untold(node: Node) -> None:
    with pytest.raises(AssertionError):
        await eventually(lambda: told(node), within=0.5)


async def another_node(node: Node, revision: int) -> None:
    """A node that lives, with its data plane at `revision`."""
    other = core.Node(metadata=meta.ObjectMeta(name="other"))
    await node.client.create(other)
    other.status.conditions.add(type="Ready", status="True")
    await node.client.update_status(other)
    lease = coordination.Lease(metadata=meta.ObjectMeta(name="other", namespace=NAMESPACE))
    lease.metadata.annotations[DATAPLANE_REVISION] = str(revision)
    await node.client.create(lease)


async def reached(node: Node, revision: int) -> None:
    patch = {"metadata": {"annotations": {DATAPLANE_REVISION: str(revision)}}}
    await node.client.patch(registry.LEASES, "other", NAMESPACE, patch)


async def test_term_waits_for_the_endpoints_for_every_node_and_for_the_clients(node: Node) -> None:
    async with node.running():
        await another_node(node, 1)
        _, listed = await a_listed_pod(node)
        node.network.open_connections = 1
        await node.client.delete(registry.PODS, "web", "default")
        await stays_untold(node)
        revision = await drop(node, listed)
        await stays_untold(node)
        await reached(node, revision)
        await stays_untold(node)
        node.network.open_connections = 0
        await eventually(lambda: told(node))
        await node.gone()


async def test_the_wait_is_never_longer_than_half_the_grace_period(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[container(command=TELLS)], termination_grace_period_seconds=2))
        pod = await node.reaches("Running", ready=True)
        listed = discovery.EndpointSlice(metadata=meta.ObjectMeta(name="web", namespace="default"), address_type="IPv4")
        listed.endpoints.add(addresses=[pod.status.pod_ip]).conditions.ready = True
        await node.client.create(listed)
        await _listed_here(node)
        began = time.monotonic()
        await node.client.delete(registry.PODS, "web", "default")
        await eventually(lambda: told(node))
        assert 0.8 < time.monotonic() - began < 1.8


async def test_a_pod_that_no_service_lists_is_told_at_once(node: Node) -> None:
    async with node.running():
        await another_node(node, 1)
        await node.client.create(node.pod())
        await node.reaches("Running", ready=True)
        async with asyncio.timeout(2):
            await node.client.delete(registry.PODS, "web", "default")
            await node.gone()


async def test_the_agent_notes_in_its_lease_how_far_its_tables_are(node: Node) -> None:
    async with node.running():
        _, listed = await a_listed_pod(node)
        revision = await drop(node, listed)

        async def noted() -> bool:
            lease = await node.client.get(registry.LEASES, node.name, NAMESPACE)
            return int(lease.metadata.annotations.get(DATAPLANE_REVISION, "0")) >= revision

        await eventually(noted)


async def _listed_here(node: Node) -> None:
    """Returns when the agent has seen the newest slice."""
    newest = (await node.client.list(registry.ENDPOINT_SLICES)).items[0].metadata.resource_version

    async def noted() -> bool:
        lease = await node.client.get(registry.LEASES, node.name, NAMESPACE)
        return int(lease.metadata.annotations.get(DATAPLANE_REVISION, "0")) >= int(newest)

    await eventually(noted)
