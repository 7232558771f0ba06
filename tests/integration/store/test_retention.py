"""What goes by itself: events after their time, and history that takes too much room."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.store.etcd.client import CompactedError, Etcd
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd
from tests.support.server import running
from tests.support.waiting import eventually

KIND = registry.EVENTS


@contextlib.asynccontextmanager
async def store_on(etcd: RealEtcd, **options: Any) -> AsyncIterator[Store]:
    store = Store(etcd.endpoint, **{"history_seconds": 3600, **options})
    async with running(store.run(), "store"):
        await store.cache.loaded()
        yield store


def event(name: str, count: int = 1) -> core.Event:
    obj = core.Event(count=count)
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


def config(name: str, size: int = 0) -> core.ConfigMap:
    obj = core.ConfigMap(data={"fill": "x" * size})
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


async def test_an_event_goes_after_its_time_and_watchers_are_told(etcd: RealEtcd) -> None:
    async with store_on(etcd, event_ttl_seconds=1) as store:
        assert await store.write(KIND, event("short"), replaces=None)
        assert await store.write(registry.CONFIG_MAPS, config("stays"), replaces=None)
        await store.freshen()
        log = store.cache.of(KIND).log
        position = log.end
        await eventually(lambda: log.read(position, 1), within=20)
        (gone,) = log.read(position, 1)
        assert gone.gone
        assert gone.new.key == Key("default", "short")
        assert await store.get(KIND, Key("default", "short")) is None
        assert await store.get(registry.CONFIG_MAPS, Key("default", "stays"))


async def test_an_event_that_happens_again_is_kept_for_longer(etcd: RealEtcd) -> None:
    async with store_on(etcd, event_ttl_seconds=3) as store:
        again = await store.write(KIND, event("again"), replaces=None)
        assert await store.write(KIND, event("once"), replaces=None)
        client = Etcd(etcd.endpoint)
        count = 1

        async def only_once_is_gone() -> bool:
            nonlocal again, count
            count += 1
            again = await store.write(KIND, event("again", count), replaces=again)
            assert again is not None, "the renewed event is gone"
            return await store.get(KIND, Key("default", "once")) is None

        await eventually(only_once_is_gone, within=20)
        await client.close()


async def test_events_that_come_together_share_a_lease(etcd: RealEtcd) -> None:
    """A lease for each would cost etcd more than the events."""
    async with store_on(etcd) as store:
        await asyncio.gather(*(store.write(KIND, event(f"e-{number}"), replaces=None) for number in range(50)))
        client = Etcd(etcd.endpoint)
        page = await client.page(b"/orlop/objects/events/", b"/orlop/objects/events0", limit=100)
        await client.close()
        assert len(page.pairs) == 50
        assert len({pair.lease for pair in page.pairs}) == 1
        assert page.pairs[0].lease


async def test_a_lease_that_is_gone_spoils_no_other_write(etcd: RealEtcd) -> None:
    """They share a request, which etcd refuses as a whole."""
    async with store_on(etcd) as store:
        assert await store.write(KIND, event("first"), replaces=None)
        store._leases._current += 1  # none that etcd knows, as after its data were restored
        leased = store.write(KIND, event("refused"), replaces=None)
        others = [store.write(registry.CONFIG_MAPS, config(f"c-{number}"), replaces=None) for number in range(20)]
        refused, *written = await asyncio.gather(leased, *others, return_exceptions=True)
        assert isinstance(refused, errors.Unavailable)
        assert "nothing was written" in str(refused)
        assert not [outcome for outcome in written if outcome is None or isinstance(outcome, BaseException)]
        assert await store.write(KIND, event("refused"), replaces=None)


async def test_history_is_shortened_when_it_takes_too_much_room(etcd: RealEtcd) -> None:
    """The window alone would keep it for six seconds; with no room at all, it is gone within two steps."""
    client = Etcd(etcd.endpoint)
    start = await client.revision()
    async with store_on(etcd, history_seconds=6, history_bytes=1) as store:
        assert await store.write(registry.CONFIG_MAPS, config("a"), replaces=None)

        async def forgotten() -> bool:
            try:
                await client.get(b"/orlop/x", revision=start)
            except CompactedError:
                return True
            return False

        await eventually(forgotten, within=5)
        assert await store.get(registry.CONFIG_MAPS, Key("default", "a"))
    await client.close()
