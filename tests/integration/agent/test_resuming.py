"""Agents that come and go, and pods that do not notice; what nobody wants any more goes."""

from __future__ import annotations

import pytest

from controlplane.api import registry
from controlplane.client.writes import delete_options
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.types import ContainerSpec, PodRecord, SandboxSpec
from protos.v1 import core_pb2 as core
from tests.integration.agent.harness import FOREVER, Node, container
from tests.support.docker import BUSYBOX, new_pod
from tests.support.waiting import eventually

pytestmark = pytest.mark.root


async def only_pod(runtime: DockerRuntime) -> PodRecord:
    (name,) = await runtime.pods()
    return await runtime.observe(name)


async def none_left(runtime: DockerRuntime) -> bool:
    return not await runtime.pods()


async def test_a_new_agent_takes_over_what_runs_without_touching_it(node: Node) -> None:
    probe = core.Probe(initial_delay_seconds=0, period_seconds=1)
    probe.handler.exec.command.append("true")
    async with node.running() as runtime:
        await node.client.create(node.pod(containers=[container(readiness_probe=probe)]))
        pod = await node.reaches("Running", ready=True)
        before = await only_pod(runtime)
    async with node.running() as runtime:
        await node.client.create(node.pod("other"))
        await node.reaches("Running", "other", ready=True)
        records = [await runtime.observe(one) for one in await runtime.pods()]
        assert before in records
        after = await node.get()
        assert after.status == pod.status
        assert node.network.unplugged == []


async def test_a_pod_deleted_while_the_agent_was_away_ends_when_it_is_back(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod())
        await node.client.create(node.pod("forced"))
        await node.reaches("Running", ready=True)
        await node.reaches("Running", "forced", ready=True)
    await node.client.delete(registry.PODS, "web", "default")
    await node.client.delete(registry.PODS, "forced", "default", options=delete_options(grace_seconds=0))
    async with node.running() as runtime:
        await node.gone()
        await eventually(lambda: none_left(runtime))
        assert len(node.network.unplugged) == 2
        assert node.remains() == []


async def test_containers_of_a_pod_that_the_api_does_not_know_go(node: Node) -> None:
    async with node.engine() as runtime:
        stranger = new_pod("stranger")
        sandbox = await runtime.start_sandbox(SandboxSpec(stranger))
        await runtime.start_container(sandbox.id, ContainerSpec(stranger, "web", BUSYBOX, command=FOREVER))
    async with node.running() as runtime:
        await eventually(lambda: none_left(runtime))


async def test_nothing_is_removed_while_the_api_server_is_away(node: Node) -> None:
    """An agent that cannot list pods does not know which of them are wanted."""
    async with node.running() as runtime:
        await node.client.create(node.pod())
        await node.reaches("Running", ready=True)
        before = await only_pod(runtime)
    await node.api.stop()
    async with node.running(registers=False) as runtime:
        with pytest.raises(AssertionError):
            await eventually(lambda: none_left(runtime), within=2)
        assert await only_pod(runtime) == before


async def test_a_sandbox_that_dies_is_rebuilt_with_everything_in_it(node: Node) -> None:
    async with node.running() as runtime:
        await node.client.create(node.pod(init_containers=[container("init", ("true",))]))
        pod = await node.reaches("Running", ready=True)
        before = await only_pod(runtime)
        await runtime.signal(before.sandboxes[0].id, "SIGKILL")

        async def rebuilt() -> bool:
            record, seen = await only_pod(runtime), await node.get()
            fresh = len(record.sandboxes) == 1 and record.sandboxes[0].id != before.sandboxes[0].id
            statuses = [*seen.status.init_container_statuses, *seen.status.container_statuses]
            return fresh and [status.restart_count for status in statuses] == [1, 1]

        await eventually(rebuilt, within=20)
        after = await node.reaches("Running", ready=True)
        assert after.status.pod_ip == pod.status.pod_ip
        await node.told("SandboxChanged")
