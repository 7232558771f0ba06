"""Informers and the event recorder against a real API server."""

from __future__ import annotations

from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod
from tests.support.etcd import RealEtcd, free_port
from tests.support.server import ADMIN, RunningApi, running, running_api
from tests.support.waiting import eventually


def config(name: str, value: str = "") -> core.ConfigMap:
    obj = core.ConfigMap(data={"value": value})
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


async def test_the_copy_follows_every_change(client: Client) -> None:
    await client.create(config("old"))
    informer = Informer(client, registry.CONFIG_MAPS, indexes={"value": lambda obj: [obj.data["value"]]})
    seen: list[tuple[str, str]] = []

    def note(old: core.ConfigMap | None, new: core.ConfigMap | None) -> None:
        what = "added" if old is None else "gone" if new is None else "changed"
        seen.append((what, (new or old).metadata.name))  # type: ignore[union-attr]

    informer.subscribe(note)
    async with running(informer.run(), "informer"):
        await informer.synced()
        made = await client.create(config("a", "1"))
        made.data["value"] = "2"
        await client.update(made)
        await client.delete(registry.CONFIG_MAPS, "old", "default")
        await eventually(lambda: ("gone", "old") in seen)
        assert seen == [("added", "old"), ("added", "a"), ("changed", "a"), ("gone", "old")]
        assert [obj.metadata.name for obj in informer.by_index("value", "2")] == ["a"]
        assert informer.by_index("value", "1") == []


async def test_it_goes_on_after_the_server_was_away(etcd: RealEtcd) -> None:
    """The copy stays readable while the server is gone, and misses nothing of what happened meanwhile."""
    port = free_port()
    async with running_api(etcd, listen=f"127.0.0.1:{port}") as api, api.client(ADMIN) as client:
        informer = Informer(client, registry.CONFIG_MAPS)
        async with running(informer.run(), "informer"):
            await client.create(config("a"))
            await eventually(lambda: informer.get("a", "default") is not None)
            await _replace_server(etcd, api, port, informer)


async def _replace_server(etcd: RealEtcd, api: RunningApi, port: int, informer: Informer[core.ConfigMap]) -> None:
    await api.stop()
    await eventually(lambda: not informer.connected)
    assert informer.get("a", "default") is not None
    async with running_api(etcd, listen=f"127.0.0.1:{port}") as second, second.client(ADMIN) as client:
        await client.create(config("b"))
        await client.delete(registry.CONFIG_MAPS, "a", "default")
        await eventually(lambda: informer.get("b", "default") is not None, within=20)
        await eventually(lambda: informer.get("a", "default") is None)


async def test_an_event_that_repeats_is_counted(client: Client) -> None:
    pod = await client.create(make_pod(name="a"))
    now = [1_800_000_000.0]
    recorder = EventRecorder(client, "kubelet", clock=lambda: now[0], host="node-1")
    async with running(recorder.run(), "events"):
        for _ in range(3):
            recorder.record(pod, "Warning", "BackOff", "Back-off restarting failed container")
            now[0] += 10
        recorder.record(pod, "Normal", "Pulled", "Container image already present")

        async def counted() -> bool:
            events = (await client.list(registry.EVENTS, fields="involvedObject.name=a")).items
            assert sorted((event.reason, event.count) for event in events) == [("BackOff", 3), ("Pulled", 1)]
            return True

        await eventually(counted)
        recorder.record(pod, "Warning", "BackOff", "Back-off restarting failed container")

        async def counted_again() -> bool:
            events = (await client.list(registry.EVENTS, fields="reason=BackOff")).items
            assert [(event.count, event.last_timestamp.seconds) for event in events] == [(4, 1_800_000_030)]
            return True

        await eventually(counted_again)
