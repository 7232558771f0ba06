"""Objects that are written together: all of them or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.store.store import Also, Claim, Store
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd
from tests.support.server import running

KIND = registry.CONFIG_MAPS


def config(name: str, value: str = "") -> core.ConfigMap:
    obj = core.ConfigMap(data={"value": value})
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


@pytest.fixture
async def store(etcd: RealEtcd) -> AsyncIterator[Store]:
    store = Store(etcd.endpoint, history_seconds=3600)
    async with running(store.run(), "store"):
        await store.cache.loaded()
        yield store


async def value_of(store: Store, name: str) -> str | None:
    record = await store.get(KIND, Key("default", name))
    return None if record is None else cast("core.ConfigMap", record.message()).data["value"]


async def test_two_objects_change_at_one_revision(store: Store) -> None:
    other = await store.write(KIND, config("other", "1"), replaces=None)
    written = await store.write(KIND, config("a", "1"), replaces=None, also=[Also(config("other", "2"), other)])
    assert written is not None
    changed = await store.get(KIND, Key("default", "other"))
    assert changed is not None
    assert changed.revision == written.revision
    assert await value_of(store, "other") == "2"


async def test_neither_is_written_when_one_has_changed(store: Store) -> None:
    other = await store.write(KIND, config("other", "1"), replaces=None)
    await store.write(KIND, config("other", "2"), replaces=other)
    assert await store.write(KIND, config("a"), replaces=None, also=[Also(config("other", "3"), other)]) is None
    assert await value_of(store, "a") is None
    assert await value_of(store, "other") == "2"


async def test_a_companion_must_be_new(store: Store) -> None:
    assert await store.write(KIND, config("a"), replaces=None, also=[Also(config("b", "first"))]) is not None
    assert await store.write(KIND, config("c"), replaces=None, also=[Also(config("b", "second"))]) is None
    assert await value_of(store, "b") == "first"
    assert await value_of(store, "c") is None


async def test_an_end_and_a_change_happen_together_or_not_at_all(store: Store) -> None:
    first = await store.write(KIND, config("a"), replaces=None)
    other = await store.write(KIND, config("other", "1"), replaces=None)
    assert first is not None
    newer = await store.write(KIND, config("other", "2"), replaces=other)
    assert await store.remove(first, also=[Also(config("other", "3"), other)]) is None
    assert await value_of(store, "a") is not None
    assert await store.remove(first, also=[Also(config("other", "3"), newer)]) is not None
    assert await value_of(store, "a") is None
    assert await value_of(store, "other") == "3"


async def test_wide_writes_among_many_fit_one_request(store: Store) -> None:
    wide = [Claim("ports", str(number), "a") for number in range(40)]
    narrow = [store.write(KIND, config(f"n{number}"), replaces=None) for number in range(150)]
    written = await asyncio.gather(*narrow[:70], store.write(KIND, config("a"), replaces=None, takes=wide), *narrow[70:])
    assert all(record is not None for record in written)
