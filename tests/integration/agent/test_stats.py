"""What real containers use, from their control groups through the agent to the API."""

from __future__ import annotations

import os

import grpc.aio
import pytest

from controlplane.api import errors, quantity, registry
from controlplane.client.connection import Connection
from controlplane.client.failures import to_status_error
from controlplane.server.pki import Identity
from dataplane.runtime import cgroups
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics
from protos.v1 import node_pb2, node_pb2_grpc
from tests.integration.agent.harness import Node, container
from tests.support.server import ADMIN
from tests.support.waiting import eventually

pytestmark = pytest.mark.root

WRITTEN_BYTES = 50 << 20
WRITE = ("sh", "-c", "head -c 52428800 /dev/zero > /written; trap 'exit 0' TERM; while :; do sleep 0.05; done")
BURN = ("sh", "-c", "while :; do :; done")
FILL = ("sh", "-c", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); trap 'exit 0' TERM; while :; do sleep 0.05; done")


def limited(cpu: str) -> core.Container:
    made = container("burns", BURN)
    made.resources.limits["cpu"].string = cpu
    return made


def cores(usage: meta.Quantity) -> float:
    return float(quantity.parse(usage.string))


def charged_bytes(node: Node, container_id: str) -> int:
    """All the memory of a container, cached files too, in either version of control groups."""
    group = f"orlop/{node.name}/*/{container_id.rpartition('/')[2]}"
    files = [*cgroups.ROOT.glob(f"{group}/memory.current"), *cgroups.ROOT.glob(f"memory/{group}/memory.usage_in_bytes")]
    return int(files[0].read_text())


async def stats(node: Node, who: Identity = ADMIN, *, name: str = "") -> node_pb2.StatsResponse:
    """What the agent itself says."""
    link = node.api.connection(who)
    direct = Connection(f"127.0.0.1:{node.port}", link.ca, link.certificate, link.key, server_name=node.name)
    async with direct.channel() as channel:
        try:
            request = node_pb2.StatsRequest(node=name or node.name)
            answer: node_pb2.StatsResponse = await node_pb2_grpc.NodeStub(channel).Stats(
                request, timeout=5, wait_for_ready=True
            )  # type: ignore[misc]
        except grpc.aio.AioRpcError as error:
            raise to_status_error(error, direct.address) from error
    return answer


async def with_a_pod(node: Node) -> node_pb2.StatsResponse:
    """What the agent says once it says something of a pod."""
    answer = await stats(node)
    assert answer.pods
    return answer


async def measured(node: Node) -> metrics.PodMetrics:
    """The pod's metrics, once there are some."""

    async def check() -> metrics.PodMetrics | None:
        try:
            return await node.client.get(registry.POD_METRICS, "web", "default")
        except errors.NotFound:
            return None

    found = await eventually(check, within=30)
    assert found is not None
    return found


async def test_a_container_that_burns_cpu_uses_its_limit_and_an_idle_one_next_to_nothing(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[limited("300m"), container("idle", ("sleep", "60"))]))
        await node.reaches("Running", ready=True)
        pod = await measured(node)
        used = {one.name: cores(one.usage["cpu"]) for one in pod.containers}
        assert 0.1 < used["burns"] < 0.36  # less than the limit only where the machine has no more to give
        assert used["idle"] < 0.02
        whole = await node.client.get(registry.NODE_METRICS, node.name)
        assert used["burns"] * 0.8 < cores(whole.usage["cpu"]) < 0.5
        held = {one.name: quantity.value(one.usage["memory"]) for one in pod.containers}
        assert 0 < held["idle"] <= 5 << 20
        assert sum(held.values()) <= quantity.value(whole.usage["memory"]) < 50 << 20


async def test_memory_in_use_is_told(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[container("web", FILL)]))
        await node.reaches("Running", ready=True)

        async def filled() -> bool:
            (pod,) = (await with_a_pod(node)).pods
            (web,) = pod.containers
            assert (pod.namespace, pod.name, web.name) == ("default", "web", "web")
            assert web.id == (await node.get()).status.container_statuses[0].container_id
            return 20_000_000 < web.usage.working_set_bytes <= pod.usage.working_set_bytes

        await eventually(filled)


async def test_cached_files_are_not_memory_in_use(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[container("web", WRITE)]))
        await node.reaches("Running", ready=True)
        status = (await node.get()).status.container_statuses[0]
        await eventually(lambda: charged_bytes(node, status.container_id) > WRITTEN_BYTES)
        answer = await eventually(lambda: with_a_pod(node))
        ((web,),) = [pod.containers for pod in answer.pods]
        assert 0 < web.usage.working_set_bytes < WRITTEN_BYTES / 2


async def test_a_node_with_a_machine_to_itself_is_the_machine(node: Node) -> None:
    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    async with node.running(shares_machine=False):
        alone = (await stats(node)).node
        assert 50_000_000 < alone.working_set_bytes < machine_bytes
        assert alone.cpu_nanos > 10**9
    async with node.running(shares_machine=True):
        shared = (await stats(node)).node
        assert (shared.cpu_nanos, shared.working_set_bytes) == (0, 0)


async def test_what_ended_is_not_told_and_another_node_is_not_spoken_for(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(restart_policy="Never", containers=[container("web", ("true",))]))
        await node.reaches("Succeeded")
        assert not (await stats(node)).pods
        with pytest.raises(errors.NotFound, match='nodes "other" not found'):
            await stats(node, name="other")


async def test_only_the_api_server_and_administrators_may_know(node: Node) -> None:
    async with node.running():
        assert (await stats(node, Identity("kube-apiserver"))).node.time_nanos
        for who in (Identity("jane", ("developers",)), Identity("system:node:other", ("system:nodes",))):
            with pytest.raises(errors.Forbidden):
                await stats(node, who)
