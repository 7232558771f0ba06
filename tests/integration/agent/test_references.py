"""ConfigMaps and Secrets that a node follows because its pods refer to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.server.pki import Identity
from dataplane.agent.references import References
from dataplane.volumes.problems import MountProblem
from protos.v1 import core_pb2 as core
from tests.support.builders import make_meta, make_pod
from tests.support.server import RunningApi
from tests.support.waiting import eventually

NODE = "node-7"


@contextlib.asynccontextmanager
async def following(client: Client) -> AsyncIterator[tuple[References, list[str]]]:
    """What is followed, and the uids of the pods that were told of a change."""
    async with asyncio.TaskGroup() as group:
        references = References(client, group)
        told: list[str] = []
        references.subscribe(told.append)
        yield references, told
        for pod in ("uid-a", "uid-b"):
            references.release(pod)


@pytest.fixture
async def agent(api: RunningApi) -> AsyncIterator[Client]:
    async with Client(api.connection(Identity(f"system:node:{NODE}", ("system:nodes",)))) as client:
        yield client


@pytest.fixture
async def settings(client: Client) -> core.ConfigMap:
    """A config map that two pods of the node refer to."""
    for name in ("a", "b"):
        pod = make_pod(name, node=NODE)
        for kind in ("settings", "later", "slow"):
            pod.spec.volumes.add(name=kind).volume_source.config_map.local_object_reference.name = kind
        await client.create(pod)
    return await client.create(core.ConfigMap(metadata=make_meta("settings"), data={"colour": "red"}))


async def test_what_pods_refer_to_is_there_and_stays_current(
    agent: Client, client: Client, settings: core.ConfigMap
) -> None:
    async with following(agent) as (references, told):
        for pod in ("uid-a", "uid-b"):
            found = await references.get(pod, registry.CONFIG_MAPS, "default", ["settings", "later"])
            assert {name: dict(one.data) for name, one in found.items()} == {"settings": {"colour": "red"}}
        assert told == []
        settings.data["colour"] = "blue"
        await client.update(settings)
        await eventually(lambda: sorted(told) == ["uid-a", "uid-b"])
        found = await references.get("uid-a", registry.CONFIG_MAPS, "default", ["settings"])
        assert found["settings"].data["colour"] == "blue"
        told.clear()
        await client.create(core.ConfigMap(metadata=make_meta("later")))
        await eventually(lambda: sorted(told) == ["uid-a", "uid-b"])


async def test_a_pod_that_is_released_hears_no_more(agent: Client, client: Client, settings: core.ConfigMap) -> None:
    async with following(agent) as (references, told):
        for pod in ("uid-a", "uid-b"):
            await references.get(pod, registry.CONFIG_MAPS, "default", ["settings"])
        references.release("uid-a")
        settings.data["colour"] = "blue"
        await client.update(settings)
        await eventually(lambda: told == ["uid-b"])


async def test_nothing_is_followed_for_nobody(agent: Client, settings: core.ConfigMap) -> None:
    before = asyncio.all_tasks()
    async with following(agent) as (references, _told):
        await references.get("uid-a", registry.CONFIG_MAPS, "default", ["settings"])
        watches = {task for task in asyncio.all_tasks() - before if task.get_name().startswith("informer configmaps")}
        assert len(watches) == 1
        references.release("uid-a")
        await eventually(lambda: all(task.done() for task in watches))


async def test_who_cannot_be_told_waits_only_so_long(agent: Client, api: RunningApi, settings: core.ConfigMap) -> None:
    async with following(agent) as (references, _told):
        await references.get("uid-a", registry.CONFIG_MAPS, "default", ["settings"])
        await api.stop()
        found = await references.get("uid-b", registry.CONFIG_MAPS, "default", ["settings"])
        assert found["settings"].data["colour"] == "red"
        with pytest.raises(MountProblem, match="failed to sync configmap cache: timed out waiting for the condition"):
            await references.get("uid-b", registry.CONFIG_MAPS, "default", ["slow"])
