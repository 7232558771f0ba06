"""Simulated nodes: to the control plane they are nodes like any other."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import AsyncIterator
from pathlib import Path

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.writes import create_write, patch_write
from controlplane.server import users
from controlplane.server.pki import Identity, issue
from dataplane.agent.config import Credentials
from dataplane.agent.hollow import HollowConfig, run_hollow
from dataplane.agent.leases import NAMESPACE
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

NODES = [f"hollow-{number}" for number in range(1, 6)]


@contextlib.asynccontextmanager
async def hollow_nodes(api: RunningApi, folder: Path) -> AsyncIterator[None]:
    authority = api.etcd.pki.load("ca")
    assert authority is not None
    who = Identity("hollow", (users.MASTERS,), ("localhost",))
    pair = issue(authority, who, datetime.datetime.now(datetime.UTC))
    for name, text in (("ca", authority.certificate), ("certificate", pair.certificate), ("key", pair.key)):
        (folder / name).write_bytes(text)
    files = Credentials(folder / "ca", folder / "certificate", folder / "key")
    config = HollowConfig(nodes=len(NODES), server=api.connection().address, credentials=files, prefix="hollow-")
    async with running(run_hollow(config), "hollow nodes"):
        yield


async def prepare(client: Client) -> None:
    """Makes the namespaces, and gives the nodes that register their ranges."""
    for name in ("default", NAMESPACE):
        with contextlib.suppress(errors.AlreadyExists):
            await client.create(core.Namespace(metadata=meta.ObjectMeta(name=name)))


async def give_ranges(client: Client) -> None:
    async def registered() -> bool:
        return len((await client.list(registry.NODES)).items) == len(NODES)

    await eventually(registered)
    ranges = {name: f"10.200.{number}.0/24" for number, name in enumerate(NODES)}
    await client.batch([patch_write(registry.NODES, name, "", {"spec": {"podCIDR": cidr}}) for name, cidr in ranges.items()])


def pod(number: int) -> core.Pod:
    made = core.Pod(metadata=meta.ObjectMeta(name=f"pod-{number}", namespace="default"))
    made.spec.containers.add(name="web", image="web:1")
    made.spec.init_containers.add(name="init", image="init:1")
    made.spec.node_name = NODES[number % len(NODES)]
    return made


async def all_run(client: Client, count: int) -> list[core.Pod]:
    async def check() -> list[core.Pod] | None:
        pods = (await client.list(registry.PODS, "default")).items
        ready = [one for one in pods if {c.type: c.status for c in one.status.conditions}.get("Ready") == "True"]
        return pods if len(ready) == count else None

    found = await eventually(check, within=20)
    assert found is not None
    return found


async def test_pods_run_with_addresses_of_their_own_and_end_when_deleted(
    api: RunningApi, client: Client, tmp_path: Path
) -> None:
    await prepare(client)
    async with hollow_nodes(api, tmp_path):
        await give_ranges(client)
        nodes = (await client.list(registry.NODES)).items
        assert all({c.type: c.status for c in node.status.conditions}["Ready"] == "True" for node in nodes)
        await client.batch([create_write(pod(number)) for number in range(40)])
        pods = await all_run(client, 40)
        assert len({one.status.pod_ip for one in pods}) == 40
        assert {one.status.phase for one in pods} == {"Running"}
        await client.delete_collection(registry.PODS, "default")

        async def none_left() -> bool:
            return not (await client.list(registry.PODS, "default")).items

        await eventually(none_left, within=20)


async def test_a_new_process_goes_on_where_the_old_one_stopped(api: RunningApi, client: Client, tmp_path: Path) -> None:
    await prepare(client)
    async with hollow_nodes(api, tmp_path):
        await give_ranges(client)
        await client.batch([create_write(pod(number)) for number in range(10)])
        before = {one.metadata.name: one.status for one in await all_run(client, 10)}
    async with hollow_nodes(api, tmp_path):
        await client.batch([create_write(pod(number)) for number in range(10, 20)])
        after = {one.metadata.name: one.status for one in await all_run(client, 20)}
        assert {name: after[name] for name in before} == before
        assert len({status.pod_ip for status in after.values()}) == 20


async def test_a_hollow_pod_has_something_to_say(api: RunningApi, client: Client, tmp_path: Path) -> None:
    await prepare(client)
    async with hollow_nodes(api, tmp_path):
        await give_ranges(client)
        await client.create(pod(1))
        await all_run(client, 1)

        async def lines() -> bytes:
            return b"".join([piece async for piece in client.logs("pod-1", "default", tail_lines=1)])

        assert b'pod-1 "GET /item/' in (await eventually(lines))


async def test_hollow_pods_use_a_little_memory_and_no_cpu(api: RunningApi, client: Client, tmp_path: Path) -> None:
    await prepare(client)
    async with hollow_nodes(api, tmp_path):
        await give_ranges(client)
        await client.batch([create_write(pod(number)) for number in range(10)])
        await all_run(client, 10)
        assert [node.metadata.name for node in (await client.list(registry.NODE_METRICS)).items] == NODES
        found = {one.metadata.name: one.containers for one in (await client.list(registry.POD_METRICS, "default")).items}
        assert set(found) == {f"pod-{number}" for number in range(10)}
        usage = {container.name: container.usage for container in found["pod-1"]}
        assert {name: (one["cpu"].string, one["memory"].string) for name, one in usage.items()} == {"web": ("0", "1024Ki")}
