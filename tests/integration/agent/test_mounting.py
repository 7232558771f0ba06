"""When volumes may change and when not, without containers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.server.pki import Identity
from dataplane.agent.mounting import Mounter
from dataplane.agent.references import References
from dataplane.agent.tokens import Tokens
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.volumes import Volumes
from protos.v1 import core_pb2 as core
from tests.support.builders import make_meta, make_pod
from tests.support.server import RunningApi
from tests.support.waiting import eventually

NODE = "node-7"


@pytest.fixture
async def mounter(api: RunningApi, client: Client, tmp_path: Path) -> AsyncIterator[Mounter]:
    identity = Identity(f"system:node:{NODE}", ("system:nodes",))
    async with Client(api.connection(identity)) as agent, asyncio.TaskGroup() as group:
        references = References(agent, group)
        one = Mounter(Volumes(tmp_path), Tokens(agent, clock=lambda: 0.0), references, allocatable={})
        yield one
        for pod in (await client.list(registry.PODS)).items:
            await one.forget(pod.metadata.uid)


@pytest.fixture
async def settings(client: Client) -> core.ConfigMap:
    return await client.create(core.ConfigMap(metadata=make_meta("settings"), data={"colour": "red"}))


@pytest.fixture
async def pod(client: Client) -> core.Pod:
    wanted = make_pod("web", node=NODE)
    wanted.spec.automount_service_account_token = False
    wanted.spec.volumes.add(name="all").volume_source.config_map.local_object_reference.name = "settings"
    mounts = wanted.spec.containers[0].volume_mounts
    mounts.add(name="all", mount_path="/all")
    mounts.add(name="all", mount_path="/single", sub_path="colour")
    return await client.create(wanted)


async def test_nothing_is_replaced_while_a_container_is_on_its_way(
    mounter: Mounter, client: Client, settings: core.ConfigMap, pod: core.Pod, tmp_path: Path
) -> None:
    """What Docker is told to mount has to be there when it does."""
    visible = tmp_path / "volumes" / pod.metadata.uid / "all" / "colour"
    async with mounter.mounted(pod, pod.spec.containers[0]) as mounts:
        single = Path(mounts[1].source)
        settings.data["colour"] = "blue"
        await client.update(settings)

        async def is_not_the_time() -> bool:
            return not await mounter.update(pod)

        await eventually(is_not_the_time)
        assert (single.read_text(), visible.read_text()) == ("red", "red")
    assert await mounter.update(pod)
    assert visible.read_text() == "blue"
    assert not single.exists()


async def test_what_was_prepared_is_not_made_again(
    mounter: Mounter, settings: core.ConfigMap, pod: core.Pod, tmp_path: Path
) -> None:
    made: list[str] = []
    mounter.subscribe(made.append)
    await asyncio.gather(*(mounter.prepare(pod) for _ in range(3)))
    async with mounter.mounted(pod, pod.spec.containers[0]):
        assert made == [pod.metadata.uid]
        assert mounter.has(pod.metadata.uid)


async def test_what_cannot_be_prepared_is_told_when_it_is_needed(mounter: Mounter, client: Client, pod: core.Pod) -> None:
    await mounter.prepare(pod)
    assert not mounter.has(pod.metadata.uid)
    with pytest.raises(MountProblem, match='configmap "settings" not found'):
        async with mounter.mounted(pod, pod.spec.containers[0]):
            pass
    await client.create(core.ConfigMap(metadata=make_meta("settings"), data={"colour": "red"}))

    async def can_be_had() -> bool:
        with contextlib.suppress(MountProblem):
            async with mounter.mounted(pod, pod.spec.containers[0]):
                return True
        return False

    await eventually(can_be_had)


async def test_a_pod_that_goes_meanwhile_leaves_nothing(mounter: Mounter, settings: core.ConfigMap, pod: core.Pod) -> None:
    for turns in range(12):
        async with asyncio.TaskGroup() as group:
            group.create_task(mounter.prepare(pod))
            for _ in range(turns):
                await asyncio.sleep(0)
            group.create_task(mounter.forget(pod.metadata.uid))
        assert await mounter.left() == []
        assert not mounter.has(pod.metadata.uid)
