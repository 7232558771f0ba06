"""The store on an etcd cluster of three members, of which one is killed while writers write and a watcher watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.store.records import Record
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd, leader_of, running_cluster
from tests.support.server import running
from tests.support.waiting import eventually

KIND = registry.CONFIG_MAPS
WRITERS = 8


@pytest.fixture
def members() -> Iterator[list[RealEtcd]]:
    with running_cluster(3) as members:
        yield members


def counter(name: str, value: int) -> core.ConfigMap:
    obj = core.ConfigMap(data={"value": str(value)})
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


def value_of(record: Record) -> int:
    return int(cast("core.ConfigMap", record.message()).data["value"])


@dataclass
class Load:
    """Writers that count, each in an object of its own, and what they were told."""

    store: Store
    acknowledged: list[tuple[str, int, int]] = field(default_factory=list)  # name, value, revision
    unanswered: int = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(WRITERS):
                tasks.create_task(self._write(f"counter-{number}"), name=f"writer-{number}")

    async def _write(self, name: str) -> None:
        record: Record | None = None
        while True:
            try:
                if record is None:
                    record = await self.store.get(KIND, Key("default", name))
                value = value_of(record) + 1 if record else 1
                written = await self.store.write(KIND, counter(name, value), replaces=record)
            except errors.Unavailable:
                self.unanswered += 1
                record = None
                continue
            assert written is not None, f"{name}: nobody else writes it, yet {value} lost to another version"
            record = written
            self.acknowledged.append((name, value, written.revision))

    async def goes_on(self) -> None:
        """Returns once every writer has written again."""
        start = len(self.acknowledged)

        def written() -> bool:
            return {name for name, _, _ in self.acknowledged[start:]} == {f"counter-{n}" for n in range(WRITERS)}

        await eventually(written, within=30)


@dataclass
class Watcher:
    """Follows the event log as the server's watchers do."""

    store: Store
    seen: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))  # value, revision

    async def run(self) -> None:
        log = self.store.cache.of(KIND).log
        position = log.start
        while True:
            assert not log.closed
            assert position >= log.start
            events = log.read(position, 100)
            for event in events:
                self.seen[event.new.key.name].append((value_of(event.new), event.revision))
            position += len(events)
            if not events:
                await log.wait()


async def test_no_acknowledged_write_and_no_event_is_lost_when_members_die(members: list[RealEtcd]) -> None:
    """First the leader, then a follower; each comes back before the next goes."""
    store = Store(members[0].endpoint, history_seconds=3600)
    load, watcher = Load(store), Watcher(store)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running(store.run(), "store"))
        await store.cache.loaded()
        watching = await stack.enter_async_context(running(watcher.run(), "watcher"))
        async with running(load.run(), "load"):
            await load.goes_on()
            for choose in (lambda leader: leader, lambda leader: (leader + 1) % 3):
                victim = members[choose(await leader_of(members))]
                victim.kill()
                await load.goes_on()
                victim.restart()
                await leader_of(members)
                await load.goes_on()
        await store.freshen()
        told = {(name, value, revision) for name, value, revision in load.acknowledged}

        def caught_up() -> bool:
            return told <= {(name, *event) for name, events in watcher.seen.items() for event in events}

        await eventually(caught_up)
        for name, events in watcher.seen.items():
            assert [value for value, _ in events] == list(range(1, len(events) + 1)), name
            stored = await store.get(KIND, Key("default", name))
            assert stored is not None
            assert (value_of(stored), stored.revision) == events[-1]
        assert not watching.done()


async def test_a_store_that_knows_all_members_starts_when_one_is_down(members: list[RealEtcd]) -> None:
    await leader_of(members)
    members[0].kill()
    store = Store(members[0].endpoint, history_seconds=3600)
    async with running(store.run(), "store"):
        await asyncio.wait_for(store.cache.loaded(), 30)
        assert await eventually(lambda: _written(store), within=30) is not None


async def _written(store: Store) -> Record | None:
    try:
        return await store.write(KIND, counter("a", 1), replaces=await store.get(KIND, Key("default", "a")))
    except errors.Unavailable as error:
        raise AssertionError(str(error)) from error
