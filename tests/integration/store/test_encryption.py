"""Secrets are encrypted in etcd; keys are changed under way; what cannot be read is told and harms nothing else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.store import keys
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd
from tests.support.server import running, running_api
from tests.support.waiting import eventually

KIND = registry.SECRETS
SECRET = b"correct horse battery staple"
KEYS = {name: base64.b64encode(name[0].encode() * 32).decode() for name in ("one", "two", "three")}


def configure(path: Path, *names: str, plain: bool = True) -> Path:
    lines = "".join(f"          - {{name: {name}, secret: {KEYS[name]}}}\n" for name in names)
    path.write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
        "  - resources: [secrets, configmaps]\n    providers:\n"
        + (f"      - aesgcm:\n          keys:\n{lines}" if names else "")
        + ("      - identity: {}\n" if plain else "")
    )
    return path


def secret(name: str, value: bytes = SECRET) -> core.Secret:
    obj = core.Secret(data={"password": value})
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


@contextlib.asynccontextmanager
async def store_on(etcd: RealEtcd, encryption: Path | None) -> AsyncIterator[Store]:
    store = Store(etcd.endpoint, history_seconds=3600, encryption=encryption)
    async with running(store.run(), "store"):
        await store.cache.loaded()
        yield store


async def raw(etcd: RealEtcd, name: str) -> bytes:
    """What lies in etcd."""
    client = Etcd(etcd.endpoint)
    try:
        pair, _ = await client.get(keys.key_for(KIND, Key("default", name)))
    finally:
        await client.close()
    assert pair is not None
    return pair.value


async def put(etcd: RealEtcd, name: str, value: bytes) -> None:
    client = Etcd(etcd.endpoint)
    request = rpc.TxnRequest()
    request.success.add(request_put=rpc.PutRequest(key=keys.key_for(KIND, Key("default", name)), value=value))
    await client.transact(request)
    await client.close()


async def written_with(etcd: RealEtcd, name: str, key: str) -> bool:
    return (await raw(etcd, name)).startswith(f"k8s:enc:aesgcm:v1:{key}:".encode())


async def test_what_lies_in_etcd_cannot_be_read_and_what_is_served_can(etcd: RealEtcd, tmp_path: Path) -> None:
    async with store_on(etcd, configure(tmp_path / "c", "one")) as store:
        record = await store.write(KIND, secret("a"), replaces=None)
        assert await written_with(etcd, "a", "one")
        assert SECRET not in await raw(etcd, "a")
        await store.freshen()
        cached = store.cache.of(KIND).get(Key("default", "a"))
        fresh = await store.get(KIND, Key("default", "a"))
        past = (await store.page(KIND, "", after=None, limit=9, revision=store.cache.revision)).records[0]
        assert record is not None
        for read in (record, cached, fresh, past):
            assert read is not None
            assert cast("core.Secret", read.message()).data["password"] == SECRET
            assert read.boxed == record.boxed


async def test_what_was_stored_in_plain_text_is_encrypted_when_a_key_comes(etcd: RealEtcd, tmp_path: Path) -> None:
    async with store_on(etcd, None) as store:
        for number in range(120):
            assert await store.write(KIND, secret(f"s-{number}"), replaces=None)
        assert SECRET in await raw(etcd, "s-0")
    async with store_on(etcd, configure(tmp_path / "c", "one")) as store:
        for number in (0, 60, 119):
            await eventually(lambda number=number: written_with(etcd, f"s-{number}", "one"))  # type: ignore[misc]
        await store.freshen()
        assert {record.field("type") for record in store.cache.of(KIND).records()} == {""}
        assert all(SECRET in record.encoded for record in store.cache.of(KIND).records())


async def test_a_key_is_changed_while_the_server_runs(etcd: RealEtcd, tmp_path: Path) -> None:
    """The documented steps: the new key first, wait for the rewriting, take the old one out."""
    path = configure(tmp_path / "c", "one")
    async with store_on(etcd, path) as store:
        assert await store.write(KIND, secret("a"), replaces=None)
        configure(path, "two", "one")
        await eventually(lambda: written_with(etcd, "a", "two"))
        configure(path, "two", plain=False)
        assert await store.write(KIND, secret("b"), replaces=None)
        assert await written_with(etcd, "b", "two")
    async with store_on(etcd, path) as store:
        assert len(store.cache.of(KIND)) == 2
        assert not store.cache.of(KIND).damaged


async def test_a_bad_file_is_refused_at_the_start_and_not_taken_later(etcd: RealEtcd, tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("kind: Pod")
    with pytest.raises(ValueError, match="EncryptionConfiguration"):
        Store(etcd.endpoint, history_seconds=3600, encryption=path)
    async with store_on(etcd, configure(path, "one")) as store:
        with capture_logs() as logs:
            path.write_text("kind: Pod")
            await eventually(lambda: any("not taken" in entry["event"] for entry in logs))
        assert await store.write(KIND, secret("a"), replaces=None)
        configure(path, "two", "one")
        await eventually(lambda: written_with(etcd, "a", "two"))


async def test_rewriting_and_writing_at_once_lose_nothing(etcd: RealEtcd, tmp_path: Path) -> None:
    path = configure(tmp_path / "c", "one")
    async with store_on(etcd, path) as store:
        records = [await store.write(KIND, secret(f"s-{number}"), replaces=None) for number in range(60)]
        configure(path, "two", "one")

        async def all_rewritten() -> bool:
            return all([await written_with(etcd, f"s-{number}", "two") for number in range(60)])

        async def change(number: int) -> None:
            record = records[number]
            while (written := await store.write(KIND, secret(f"s-{number}", b"new"), replaces=record)) is None:
                record = await store.get(KIND, Key("default", f"s-{number}"))
            records[number] = written

        for number in range(60):
            await change(number)
        await eventually(all_rewritten)
        await store.freshen()
        passwords = [cast("core.Secret", r.message()).data["password"] for r in store.cache.of(KIND).records()]
        assert passwords == [b"new"] * 60


async def test_an_object_that_cannot_be_decrypted_is_told_and_the_rest_is_served(etcd: RealEtcd, tmp_path: Path) -> None:
    path = configure(tmp_path / "c", "three")
    async with store_on(etcd, path) as store:
        assert await store.write(KIND, secret("lost"), replaces=None)
    configure(path, "one")
    async with running_api(etcd, encryption=path) as api, api.client() as client:
        for read in (client.get(KIND, "lost", "default"), client.list(KIND, "default"), client.list(KIND)):
            with pytest.raises(errors.StatusError, match=r"cannot be decrypted: .* no key 'three' for secrets") as told:
                await read
            assert told.value.reason == "InternalError"
        assert (await client.create(secret("good"))).data["password"] == SECRET
        assert (await client.get(KIND, "good", "default")).data["password"] == SECRET
        assert await client.list(KIND, "kube-system") is not None
        assert await client.list(registry.CONFIG_MAPS) is not None
        configure(path, "one", "three")

        async def whole_again() -> bool:
            try:
                return "lost" in {obj.metadata.name for obj in (await client.list(KIND, "default")).items}
            except errors.StatusError as error:
                raise AssertionError(str(error)) from error

        await eventually(whole_again)
        await eventually(lambda: written_with(etcd, "lost", "one"))


async def test_a_value_that_becomes_unreadable_ends_watches_instead_of_being_left_out(
    etcd: RealEtcd, tmp_path: Path
) -> None:
    """A watcher that heard nothing would take the old value for the new one."""
    path = configure(tmp_path / "c", "one")
    async with running_api(etcd, encryption=path) as api, api.client() as client:
        await client.create(secret("a"))
        watched = asyncio.Event()

        async def watch() -> None:
            async for _ in client.watch(KIND, "default"):
                watched.set()

        task = asyncio.get_running_loop().create_task(watch())
        await asyncio.wait_for(watched.wait(), 10)
        await put(etcd, "a", b"k8s:enc:aesgcm:v1:one:" + b"not what was sealed, but longer")
        with pytest.raises(errors.Expired):
            await asyncio.wait_for(task, 10)
