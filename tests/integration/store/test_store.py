"""The store on a real etcd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.store.etcd.client import Etcd
from controlplane.store.store import Claim, Store
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd
from tests.support.server import running
from tests.support.waiting import eventually

KIND = registry.CONFIG_MAPS


def config(name: str, value: str = "", namespace: str = "default") -> core.ConfigMap:
    obj = core.ConfigMap(data={"value": value})
    obj.metadata.name, obj.metadata.namespace = name, namespace
    return obj


@pytest.fixture
async def store(etcd: RealEtcd) -> AsyncIterator[Store]:
    store = Store(etcd.endpoint, history_seconds=3600)
    async with running(store.run(), "store"):
        await store.cache.loaded()
        yield store


async def test_an_object_is_created_once(store: Store) -> None:
    first = await store.write(KIND, config("a", "1"), replaces=None)
    assert first is not None
    assert await store.write(KIND, config("a", "2"), replaces=None) is None
    stored = await store.get(KIND, Key("default", "a"))
    assert stored is not None
    assert cast("core.ConfigMap", stored.message()).data["value"] == "1"


async def test_a_stored_object_carries_its_revision(store: Store) -> None:
    record = await store.write(KIND, config("a"), replaces=None)
    assert record is not None
    assert record.message().metadata.resource_version == str(record.revision)


async def test_a_write_on_an_old_version_changes_nothing(store: Store) -> None:
    first = await store.write(KIND, config("a", "1"), replaces=None)
    second = await store.write(KIND, config("a", "2"), replaces=first)
    assert second is not None
    assert await store.write(KIND, config("a", "3"), replaces=first) is None
    assert await store.remove(first) is None  # type: ignore[arg-type]
    assert await store.remove(second) is not None
    assert await store.get(KIND, Key("default", "a")) is None


async def test_writes_that_arrive_together_succeed_and_fail_by_themselves(store: Store) -> None:
    """Group commit must not let one writer's conflict spoil another's write, nor need a round trip for each."""
    await store.write(KIND, config("c-7"), replaces=None)
    before = store.cache.revision
    outcomes = await asyncio.gather(*(store.write(KIND, config(f"c-{n}"), replaces=None) for n in range(300)))
    assert [n for n, outcome in enumerate(outcomes) if outcome is None] == [7]
    assert max(record.revision for record in outcomes if record) - before < 100


async def test_two_writers_of_one_key_at_once_leave_one_winner(store: Store) -> None:
    outcomes = await asyncio.gather(*(store.write(KIND, config("a", str(n)), replaces=None) for n in range(20)))
    assert sum(outcome is not None for outcome in outcomes) == 1


async def test_a_claim_is_given_to_one_object_only_and_is_free_after_its_end(store: Store) -> None:
    claim = Claim("cluster-ips", "10.96.0.20", "a")
    one = await store.write(KIND, config("a"), replaces=None, takes=[claim])
    assert one is not None
    assert await store.write(KIND, config("b"), replaces=None, takes=[claim]) is None
    await store.remove(one, frees=[claim])
    assert await store.write(KIND, config("b"), replaces=None, takes=[claim]) is not None


async def test_what_an_object_requires_must_not_have_changed(store: Store) -> None:
    needed = await store.write(KIND, config("needed", "1"), replaces=None)
    assert await store.write(KIND, config("a"), replaces=None, requires=[needed]) is not None
    await store.write(KIND, config("needed", "2"), replaces=needed)
    assert await store.write(KIND, config("b"), replaces=None, requires=[needed]) is None


async def test_the_cache_has_what_was_acknowledged(store: Store) -> None:
    for number in range(20):
        await store.write(KIND, config(f"c-{number:02}"), replaces=None)
        await store.freshen()
        assert len(store.cache.of(KIND)) == number + 1
    names = [record.key.name for record in store.cache.of(KIND).records("default")]
    assert names == sorted(names)


async def test_the_log_tells_each_change_once_and_in_order(store: Store) -> None:
    log = store.cache.of(KIND).log
    first = await store.write(KIND, config("a", "1"), replaces=None)
    second = await store.write(KIND, config("a", "2"), replaces=first)
    assert second is not None
    await store.remove(second)
    await store.freshen()
    events = log.read(log.start, 100)
    assert [(event.old is not None, event.gone) for event in events] == [(False, False), (True, False), (True, True)]
    assert sorted({event.revision for event in events}) == [event.revision for event in events]


async def test_pages_of_a_past_revision_do_not_move(store: Store) -> None:
    for number in range(10):
        await store.write(KIND, config(f"c-{number}"), replaces=None)
    revision = await store.freshen()
    await store.write(KIND, config("c-00-later"), replaces=None)
    page = await store.page(KIND, "default", after=Key("default", "c-3"), limit=4, revision=revision)
    assert [record.key.name for record in page.records] == ["c-4", "c-5", "c-6", "c-7"]
    assert page.more
    assert page.remaining == 2


async def test_a_page_of_a_compacted_revision_has_expired(store: Store, etcd: RealEtcd) -> None:
    await store.write(KIND, config("a"), replaces=None)
    revision = await store.freshen()
    await store.write(KIND, config("b"), replaces=None)
    other = Etcd(etcd.endpoint)
    await other.compact(await other.revision())
    await other.close()
    with pytest.raises(errors.Expired):
        await store.page(KIND, "", after=None, limit=10, revision=revision - 1)


async def test_the_store_outlives_a_kill_of_etcd(store: Store, etcd: RealEtcd) -> None:
    """The watch resumes where it was: no acknowledged write is missing from the cache afterwards."""
    written = await store.write(KIND, config("before"), replaces=None)
    assert written is not None
    etcd.kill()
    with pytest.raises(errors.Unavailable):
        await store.write(KIND, config("lost?"), replaces=None)
    etcd.restart()

    async def writes_again() -> bool:
        try:
            await store.write(KIND, config("after"), replaces=None)
        except errors.Unavailable as error:
            raise AssertionError(str(error)) from error
        return True

    await eventually(writes_again, within=30)
    await store.freshen()
    names = {record.key.name for record in store.cache.of(KIND).records()}
    assert {"before", "after"} <= names
