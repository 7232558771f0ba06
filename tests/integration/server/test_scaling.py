"""Subresource scale, over gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from controlplane.api import codec, errors, registry
from controlplane.client.client import Client
from controlplane.server.pki import Identity
from protos.v1 import resources_pb2 as wire
from protos.v1 import resources_pb2_grpc
from protos.v1.scale_pb2 import Scale
from tests.support.builders import make_deployment
from tests.support.server import RunningApi

DEPLOYMENTS = registry.DEPLOYMENTS
TEMPLATE = {
    "metadata": {"labels": {"app": "db"}},
    "spec": {"containers": [{"name": "db", "image": "postgres:16"}]},
}
SELECTING = {"selector": {"matchLabels": {"app": "db"}}, "template": TEMPLATE}
OTHERS = [
    pytest.param(registry.REPLICA_SETS, SELECTING, id="ReplicaSet"),
    pytest.param(registry.STATEFUL_SETS, SELECTING, id="StatefulSet"),
    pytest.param(registry.REPLICATION_CONTROLLERS, {"template": TEMPLATE}, id="ReplicationController"),
]


async def web(client: Client) -> Any:
    return await client.create(make_deployment(name="web"))


async def sent_patch(client: Client, kind: wire.PatchRequest.Type.ValueType, patch: object) -> Scale:
    """A patch of any type, as other clients send it."""
    request = wire.PatchRequest(
        resource="deployments.apps",
        namespace="default",
        name="web",
        subresource="scale",
        type=kind,
        patch=orjson.dumps(patch),
    )
    async with client.connection.channel() as channel:
        answer: wire.Object = await resources_pb2_grpc.ResourcesStub(channel).Patch(request)
        return answer.scale


async def test_a_size_is_read_with_the_selector_of_its_pods(client: Client) -> None:
    made = await web(client)
    found = await client.get_scale(DEPLOYMENTS, "web", "default")
    assert found.spec.replicas == made.spec.replicas
    assert found.status.selector == "app=web"
    assert found.metadata.uid == made.metadata.uid
    assert found.metadata.resource_version == made.metadata.resource_version


async def test_a_size_that_is_set_changes_nothing_else_and_counts_as_a_generation(client: Client) -> None:
    made = await web(client)
    answer = await client.scale(DEPLOYMENTS, "web", "default", 7)
    now = await client.get(DEPLOYMENTS, "web", "default")
    assert answer.spec.replicas == now.spec.replicas == 7
    assert answer.metadata.resource_version == now.metadata.resource_version
    assert now.metadata.generation == made.metadata.generation + 1
    made.spec.replicas = 7
    assert now.spec == made.spec


async def test_the_same_size_again_writes_nothing(client: Client) -> None:
    made = await web(client)
    answer = await client.scale(DEPLOYMENTS, "web", "default", made.spec.replicas)
    assert answer.metadata.resource_version == made.metadata.resource_version


async def test_a_size_may_be_none(client: Client) -> None:
    await web(client)
    assert (await client.scale(DEPLOYMENTS, "web", "default", 0)).spec.replicas == 0
    assert (await client.get(DEPLOYMENTS, "web", "default")).spec.replicas == 0


@pytest.mark.parametrize(("kind", "spec"), OTHERS)
async def test_every_workload_has_a_size(client: Client, kind: Any, spec: dict[str, Any]) -> None:
    await client.create(codec.from_dict(kind, {"metadata": {"name": "db", "namespace": "default"}, "spec": spec}))
    size = await client.get_scale(kind, "db", "default")
    assert (size.spec.replicas, size.status.selector) == (1, "app=db")
    size.spec.replicas = 4
    assert (await client.update_scale(kind, size)).spec.replicas == 4
    assert (await client.get(kind, "db", "default")).spec.replicas == 4


async def test_a_size_seen_too_long_ago_is_refused(client: Client) -> None:
    await web(client)
    seen = await client.get_scale(DEPLOYMENTS, "web", "default")
    await client.scale(DEPLOYMENTS, "web", "default", 5)
    seen.spec.replicas = 9
    with pytest.raises(errors.Conflict, match="the object has been modified"):
        await client.update_scale(DEPLOYMENTS, seen)
    seen.metadata.resource_version = ""
    assert (await client.update_scale(DEPLOYMENTS, seen)).spec.replicas == 9


async def test_a_size_of_another_object_by_that_name_is_refused(client: Client) -> None:
    await web(client)
    seen = await client.get_scale(DEPLOYMENTS, "web", "default")
    seen.metadata.uid, seen.metadata.resource_version = "gone", ""
    with pytest.raises(errors.Conflict, match="the object with uid gone is gone"):
        await client.update_scale(DEPLOYMENTS, seen)


async def test_a_negative_size_is_refused(client: Client) -> None:
    await web(client)
    with pytest.raises(errors.Invalid, match=r"spec\.replicas: Invalid value: -1: must be greater than or equal to 0"):
        await client.scale(DEPLOYMENTS, "web", "default", -1)


async def test_a_dry_run_sizes_nothing(client: Client) -> None:
    made = await web(client)
    assert (await client.scale(DEPLOYMENTS, "web", "default", 9, dry_run=True)).spec.replicas == 9
    assert await client.get(DEPLOYMENTS, "web", "default") == made


async def test_patches_of_every_type_size(client: Client) -> None:
    await web(client)
    doubled = await sent_patch(client, wire.PatchRequest.JSON, [{"op": "replace", "path": "/spec/replicas", "value": 4}])
    assert doubled.spec.replicas == 4
    again = await sent_patch(client, wire.PatchRequest.STRATEGIC, {"spec": {"replicas": 6}})
    assert again.spec.replicas == 6
    assert (await client.get(DEPLOYMENTS, "web", "default")).spec.replicas == 6


async def test_sizes_set_at_once_all_get_their_turn(client: Client) -> None:
    await web(client)
    sizes = await asyncio.gather(*(client.scale(DEPLOYMENTS, "web", "default", size) for size in range(10, 15)))
    assert sorted(size.spec.replicas for size in sizes) == [10, 11, 12, 13, 14]
    last = max(sizes, key=lambda size: int(size.metadata.resource_version))
    assert (await client.get(DEPLOYMENTS, "web", "default")).spec.replicas == last.spec.replicas


async def test_what_has_no_size_says_so(client: Client) -> None:
    for ask in (
        client.get_scale(registry.CONFIG_MAPS, "a", "default"),
        client.scale(registry.CONFIG_MAPS, "a", "default", 1),
        client.get_scale(DEPLOYMENTS, "nothing", "default"),
        client.scale(DEPLOYMENTS, "nothing", "default", 1),
    ):
        with pytest.raises(errors.NotFound):
            await ask


async def test_sizing_needs_a_right_of_its_own(api: RunningApi, client: Client) -> None:
    await web(client)
    async with api.client(Identity("mallory", ())) as mallory:
        for ask in (mallory.get_scale(DEPLOYMENTS, "web", "default"), mallory.scale(DEPLOYMENTS, "web", "default", 0)):
            with pytest.raises(errors.Forbidden, match="deployments/scale"):
                await ask
