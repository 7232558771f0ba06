"""Watches: where they begin, whom events reach, and what becomes of slow watchers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing

import grpc.aio
import pytest

from controlplane.api import errors, registry
from controlplane.api.kind import Kind
from controlplane.client.client import Change, Client
from controlplane.client.writes import create_write
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire
from protos.v1 import resources_pb2_grpc
from protos.v1.resources_pb2 import WatchEvent
from tests.support.builders import make_config_map, make_pod
from tests.support.server import RunningApi
from tests.support.waiting import eventually

KIND = registry.CONFIG_MAPS
ADDED, MODIFIED, DELETED = WatchEvent.ADDED, WatchEvent.MODIFIED, WatchEvent.DELETED


def config(name: str, namespace: str = "default", *, labels: Mapping[str, str] | None = None) -> core.ConfigMap:
    obj = make_config_map(name, namespace)
    obj.metadata.labels.update(labels or {})
    return obj


async def first_changes(watch: AsyncIterator[Sequence[Change[core.ConfigMap]]], count: int) -> list[tuple[int, str]]:
    """The type and name of the first changes, bookmarks left out."""
    found: list[tuple[int, str]] = []
    async with asyncio.timeout(15), aclosing(watch) as batches:  # type: ignore[type-var]
        async for batch in batches:
            found += [(change.type, change.object.metadata.name) for change in batch if change.object is not None]
            if len(found) >= count:
                return found
    raise AssertionError(f"the watch ended after {found}")


async def test_version_0_begins_with_what_there_is(client: Client) -> None:
    """Kubernetes: get state and start at any."""
    await client.create(config("a"))
    await client.list(KIND)
    watch = client.watch(KIND, "default", resource_version="0")
    batches = aiter(watch)
    assert await anext(batches) == []
    assert [(change.type, change.object is not None) for change in await anext(batches)] == [(ADDED, True)]
    await client.create(config("b"))
    changes = await anext(batches)
    assert [(change.type, change.object and change.object.metadata.name) for change in changes] == [(ADDED, "b")]
    await watch.aclose()  # type: ignore[attr-defined]


async def test_without_a_version_only_what_happens_from_now_on_is_told(client: Client) -> None:
    await client.create(config("a"))
    await client.list(KIND)
    batches = aiter(client.watch(KIND, "default"))
    assert await anext(batches) == []
    await client.create(config("b"))
    assert await first_changes(batches, 1) == [(ADDED, "b")]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fields": "metadata.name=a"}, [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a")]),
        ({"fields": "metadata.name=a", "labels": "app=web"}, [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a")]),
        ({"fields": "metadata.namespace=default"}, [(ADDED, "b"), (ADDED, "a"), (MODIFIED, "a"), (DELETED, "a")]),
        ({"fields": "metadata.name!=b"}, [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a"), (ADDED, "elsewhere")]),
        ({"labels": "app=web"}, [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a"), (ADDED, "elsewhere")]),
        ({"namespace": "kube-public"}, [(ADDED, "elsewhere")]),
    ],
)
async def test_a_narrow_watch_is_told_what_concerns_it_when_it_resumes(
    client: Client, options: dict[str, str], told: list[tuple[int, str]]
) -> None:
    """Some of these read a slice of the event log, made when they come, some all of it: no difference may show."""
    start = (await client.list(KIND)).resource_version
    await client.create(config("b"))
    await client.create(config("a", labels={"app": "web"}))
    await client.patch(KIND, "a", "default", {"data": {"more": "x"}})
    await client.delete(KIND, "a", "default")
    await client.create(config("elsewhere", namespace="kube-public", labels={"app": "web"}))
    watch = client.watch(KIND, resource_version=start, **options)  # type: ignore[arg-type]
    assert await first_changes(watch, len(told)) == told


async def test_a_pod_that_moves_to_a_node_appears_to_its_agent_and_to_no_other(client: Client) -> None:
    kind = registry.PODS
    start = (await client.list(kind)).resource_version
    watches = {node: client.watch(kind, fields=f"spec.nodeName={node}") for node in ("node-1", "node-2")}
    batches = {node: aiter(watch) for node, watch in watches.items()}
    for watch in batches.values():
        assert await anext(watch) == []
    for name, node in (("one", "node-1"), ("two", "node-2")):
        pod = await client.create(make_pod(name))
        await client.bind(pod, node)
    for (node, watch), name in zip(batches.items(), ("one", "two"), strict=True):
        changes = await anext(watch)
        assert [(change.type, change.object and change.object.metadata.name) for change in changes] == [(ADDED, name)], node
        resumed = client.watch(kind, fields=f"spec.nodeName={node}", resource_version=start)
        assert await first_changes(resumed, 1) == [(ADDED, name)]  # type: ignore[arg-type]
        await watch.aclose()  # type: ignore[attr-defined]


async def test_slices_are_kept_only_while_somebody_reads_them(api: RunningApi, client: Client) -> None:
    log = api.server.verbs._watches._store.cache.of(registry.PODS).log
    watches = [aiter(client.watch(registry.PODS, fields=f"spec.nodeName=node-{n % 2}")) for n in range(4)]
    for watch in watches:
        assert await anext(watch) == []
    await eventually(lambda: [len(by_value) for by_value in log._slices.values()] == [2])
    for watch in watches:
        await watch.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: not log._slices)


async def test_a_watcher_that_does_not_read_expires_and_holds_nothing_up(api: RunningApi, client: Client) -> None:
    """The server must neither queue events for it nor wait for it; others go on meanwhile."""
    channel = api.connection().channel()
    call = resources_pb2_grpc.ResourcesStub(channel).Watch(wire.WatchRequest(resource="configmaps"))
    await call.initial_metadata()
    others = aiter(client.watch(KIND))
    assert await anext(others) == []
    big = "x" * 900_000
    for number in range(60):
        obj = config(f"big-{number}")
        obj.data["big"] = big
        await client.create(obj)
        assert await first_of(others) == f"big-{number}"
    seen = 0

    async def drain() -> None:
        nonlocal seen
        async for batch in call:
            seen += len(batch.events)

    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await asyncio.wait_for(drain(), 30)
    assert ended.value.code() == grpc.StatusCode.OUT_OF_RANGE
    assert seen < 60
    await channel.close()


async def first_of(batches: AsyncIterator[Sequence[Change[core.ConfigMap]]]) -> str:
    while True:
        for change in await anext(batches):
            if change.object is not None:
                return change.object.metadata.name


async def test_many_watchers_are_told_the_same_in_the_same_order(client: Client) -> None:
    kind: Kind[core.ConfigMap] = KIND
    start = (await client.list(kind)).resource_version

    async def follow(number: int) -> list[str]:
        options = {"fields": "metadata.namespace=default"} if number % 2 else {}
        watch = client.watch(kind, resource_version=start, **options)  # type: ignore[arg-type]
        return [name for _, name in (await first_changes(watch, 300))]

    async with asyncio.TaskGroup() as tasks:
        followers = [tasks.create_task(follow(number)) for number in range(40)]
        outcomes = await client.batch([create_write(config(f"c-{number}")) for number in range(300)])
        assert not [outcome for outcome in outcomes if isinstance(outcome, errors.StatusError)]
    told = {tuple(follower.result()[:300]) for follower in followers}
    assert len(told) == 1
    assert len(set(told.pop())) == 300
