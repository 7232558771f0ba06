from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from console.tui.feeds import PAINT_SECONDS, Feeds
from console.tui.model.summary import Count, Link, Summary
from console.tui.model.views import Batch
from controlplane.api import objects, registry
from tests.console import samples, scene
from tests.console.fake_cluster import FakeCluster
from tests.support.server import running
from tests.support.waiting import eventually


class Watcher:
    """A screen's view of a subscription."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.times: list[float] = []
        self.known: dict[str, object] = {}

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.times.append(asyncio.get_running_loop().time())
        self.known.update({obj.metadata.name: obj for obj in batch.changed})
        for key in batch.gone:
            self.known.pop(key.name, None)


@pytest.fixture
def world() -> FakeCluster:
    return scene.cluster()


@pytest.fixture
def told() -> list[Link | Summary]:
    return []


@pytest.fixture
async def feeds(world: FakeCluster, told: list[Link | Summary]) -> AsyncIterator[Feeds]:
    made = Feeds(lambda: world.now)
    async with running(made.run(world.client(), told.append, told.append), "feeds"):  # type: ignore[arg-type]
        yield made


async def test_a_subscriber_gets_all_there_is_and_then_what_changes(feeds: Feeds, world: FakeCluster) -> None:
    watcher = Watcher()
    feeds.open(registry.PODS, lambda pod: pod.metadata.namespace == "default", watcher)
    await eventually(lambda: len(watcher.known) == 5 and watcher.batches[-1].is_synced)
    world.remove(world.get(registry.PODS, "import-x7k2p"))
    await eventually(lambda: len(watcher.known) == 4)
    assert "dns-5f7d9-abcde" not in watcher.known


async def test_what_stops_matching_is_gone(feeds: Feeds, world: FakeCluster) -> None:
    watcher = Watcher()
    feeds.open(registry.NODES, lambda node: not node.spec.unschedulable, watcher)  # type: ignore[attr-defined]
    await eventually(lambda: len(watcher.known) == 3)
    cordoned = objects.copy_of(world.get(registry.NODES, "node-1", ""))
    cordoned.spec.unschedulable = True
    world.put(cordoned)
    await eventually(lambda: set(watcher.known) == {"node-2", "node-3"})


async def test_nobody_is_told_more_than_ten_times_a_second(feeds: Feeds, world: FakeCluster) -> None:
    """Data may come as fast as it likes; screens paint at a pace that terminals over slow lines can follow."""
    watcher = Watcher()
    feeds.open(registry.PODS, None, watcher)
    await eventually(lambda: len(watcher.known) == 6)
    for number in range(300):
        pod = samples.pod(f"burst-{number}")
        world.put(pod)
        if number % 10 == 0:
            await asyncio.sleep(0.002)
    await eventually(lambda: len(watcher.known) == 306)
    gaps = [later - earlier for earlier, later in zip(watcher.times, watcher.times[1:], strict=False)]
    assert all(gap >= PAINT_SECONDS * 0.9 for gap in gaps)
    assert len(watcher.batches) < 40


async def test_a_paused_subscriber_hears_it_all_later(feeds: Feeds, world: FakeCluster) -> None:
    watcher = Watcher()
    handle = feeds.open(registry.PODS, None, watcher)
    await eventually(lambda: len(watcher.known) == 6)
    handle.pause(True)
    world.put(samples.pod("later"))
    world.remove(world.get(registry.PODS, "import-x7k2p"))
    await eventually(lambda: feeds.get(registry.PODS, objects.Key("default", "later")))
    assert "later" not in watcher.known
    handle.pause(False)
    await eventually(lambda: "later" in watcher.known and "import-x7k2p" not in watcher.known)


async def test_a_closed_subscriber_hears_nothing(feeds: Feeds, world: FakeCluster) -> None:
    watcher, other = Watcher(), Watcher()
    handle = feeds.open(registry.PODS, None, watcher)
    feeds.open(registry.PODS, None, other)
    await eventually(lambda: len(watcher.known) == 6)
    handle.close()
    world.put(samples.pod("later"))
    await eventually(lambda: "later" in other.known)
    assert "later" not in watcher.known


async def test_who_subscribes_before_there_is_a_server_gets_it_all_when_there_is(world: FakeCluster) -> None:
    feeds, watcher = Feeds(lambda: world.now), Watcher()
    feeds.open(registry.SERVICES, None, watcher)
    async with running(feeds.run(world.client(), lambda _: None, lambda _: None), "feeds"):  # type: ignore[arg-type]
        await eventually(lambda: {"web", "kubernetes"} <= set(watcher.known))


async def test_a_kind_without_objects_is_told_as_empty(feeds: Feeds) -> None:
    watcher = Watcher()
    feeds.open(registry.ENDPOINTS, None, watcher)
    await eventually(lambda: watcher.batches and watcher.batches[-1].is_synced)
    assert watcher.known == {}


async def test_the_link_is_told_live_stale_and_live_again(
    feeds: Feeds, world: FakeCluster, told: list[Link | Summary]
) -> None:
    def links() -> list[str]:
        states = [link.state for link in told if isinstance(link, Link)]
        return [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]

    await eventually(lambda: links() == ["live"])
    world.cut()
    await eventually(lambda: links() == ["live", "stale"])
    world.mend()
    await eventually(lambda: links() == ["live", "stale", "live"])


async def test_the_header_s_figures_follow_the_cluster(feeds: Feeds, world: FakeCluster, told: list[Link | Summary]) -> None:
    def last() -> Summary:
        return [summary for summary in told if isinstance(summary, Summary)][-1]

    await eventually(lambda: told and last() == Summary(Count(3, 3, True), Count(4, 5, True)))
    world.remove(world.get(registry.PODS, "api-6d4f8c9b7-2kxqp"))
    await eventually(lambda: last().pods == Count(4, 4, True))


async def test_events_of_an_object_come_oldest_first(feeds: Feeds, world: FakeCluster) -> None:
    pod = world.get(registry.PODS, "api-6d4f8c9b7-2kxqp")
    await eventually(lambda: len(feeds.events_of(pod)) == 2)
    assert [event.reason for event in feeds.events_of(pod)] == ["Pulled", "BackOff"]


async def test_descriptions_draw_on_what_belongs_to_the_object(feeds: Feeds, world: FakeCluster) -> None:
    node, web = world.get(registry.NODES, "node-2", ""), world.get(registry.DEPLOYMENTS, "web")
    service = world.get(registry.SERVICES, "web")
    for kind in (registry.REPLICA_SETS, registry.ENDPOINT_SLICES, registry.LEASES):
        feeds.open(kind, None, Watcher())
    await eventually(lambda: "api-6d4f8c9b7-2kxqp" in feeds.describe(registry.NODES, node))
    await eventually(
        lambda: "NewReplicaSet:  web-" in " ".join(feeds.describe(registry.DEPLOYMENTS, web).split(" ")).replace("   ", "  ")
    )
    await eventually(lambda: "10.244." in feeds.describe(registry.SERVICES, service))


async def test_a_secret_s_values_are_hidden_unless_asked_for(feeds: Feeds, world: FakeCluster) -> None:
    secret = world.get(registry.SECRETS, "login")
    hidden = feeds.to_yaml(registry.SECRETS, secret, reveal=False)
    assert "aHVudGVyMg" not in hidden
    assert "hidden, 7 bytes" in hidden
    assert "aHVudGVyMg" in feeds.to_yaml(registry.SECRETS, secret, reveal=True)
    assert secret.data["password"] == b"hunter2", "the shared object is left alone"
