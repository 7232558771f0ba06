"""Several API servers on one etcd: nothing is kept in one server's memory only."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.client.informer import Informer
from controlplane.client.writes import create_write
from controlplane.store.etcd.client import Etcd, prefix_end
from protos.v1 import core_pb2 as core
from tests.support.builders import make_config_map, make_service
from tests.support.etcd import RealEtcd, free_port
from tests.support.server import RunningApi, running, running_api
from tests.support.waiting import eventually

KIND = registry.SERVICES
CIDR = "10.96.0.0/23"  # narrow, so that servers often want the same address


def node_port(name: str) -> core.Service:
    service = make_service(name)
    service.spec.type, service.spec.cluster_ip = "NodePort", ""
    return service


async def allocations(etcd: RealEtcd, pool: str) -> list[str]:
    """The values that are taken, as etcd has them."""
    client = Etcd(etcd.endpoint)
    prefix = f"/orlop/allocations/{pool}/".encode()
    page = await client.page(prefix, prefix_end(prefix), limit=0)
    await client.close()
    return sorted(pair.key.removeprefix(prefix).decode() for pair in page.pairs)


def ports_of(services: Sequence[core.Service]) -> list[str]:
    held = (port for service in services for port in service.spec.ports if port.node_port)
    return sorted(f"{port.node_port}-{port.protocol}" for port in held)


async def assert_allocated_once(etcd: RealEtcd, client: Client) -> int:
    """Every address and port belongs to one service, and to each what it holds; how many services there are."""
    services = (await client.list(KIND)).items
    addresses = [service.spec.cluster_ip for service in services]
    assert len(set(addresses)) == len(services)
    assert sorted(addresses) == await allocations(etcd, "cluster-ips")
    ports = ports_of(services)
    assert len(set(ports)) == len(ports)
    assert ports == await allocations(etcd, "node-ports")
    return len(services)


@contextlib.asynccontextmanager
async def server_process(api: RunningApi) -> AsyncIterator[tuple[asyncio.subprocess.Process, Connection]]:
    """An API server in a process of its own, which may be killed."""
    port = free_port()
    command = [
        sys.executable, "-m", "controlplane.main", "serve", "--only=api", f"--pki={api.etcd.pki.path}",
        f"--listen=127.0.0.1:{port}", f"--listen-tokens=127.0.0.1:{free_port()}",
        f"--etcd={','.join(api.etcd.endpoint.addresses)}", f"--service-cidr={CIDR}",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = api.connection()
    try:
        yield process, Connection(f"127.0.0.1:{port}", own.ca, own.certificate, own.key)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_addresses_and_ports_are_given_out_once_by_two_servers(etcd: RealEtcd) -> None:
    async with (
        running_api(etcd, service_cidr=CIDR) as one,
        running_api(etcd, service_cidr=CIDR) as two,
        one.client() as first,
        two.client() as second,
    ):
        batches = [
            client.batch([create_write(node_port(f"{name}-{number}")) for number in range(50)])
            for name, client in (("a", first), ("b", second), ("c", first), ("d", second))
        ]
        outcomes = [outcome for batch in await asyncio.gather(*batches) for outcome in batch]
        assert not [str(outcome) for outcome in outcomes if isinstance(outcome, errors.StatusError)]
        assert await assert_allocated_once(etcd, first) >= 200
        deletions = [first.delete(KIND, f"{name}-{number}", "default") for name in "ab" for number in range(50)]
        await asyncio.gather(*deletions)
        assert await assert_allocated_once(etcd, second) < 200


async def test_a_server_killed_under_load_loses_and_doubles_nothing(etcd: RealEtcd) -> None:
    async with running_api(etcd, service_cidr=CIDR) as api, api.client() as client:
        async with server_process(api) as (process, connection), Client(connection) as doomed:
            await eventually(lambda: _answers(doomed), within=30)
            acknowledged: set[str] = set()

            async def create(where: Client, name: str) -> None:
                for number in range(60):
                    service = await where.create(node_port(f"{name}-{number}"))
                    acknowledged.add(service.metadata.name)

            async def create_until_killed(name: str) -> None:
                with contextlib.suppress(errors.StatusError):
                    await create(doomed, name)

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(create(client, "stays"))
                for number in range(4):
                    tasks.create_task(create_until_killed(f"doomed-{number}"))
                await eventually(lambda: sum(name.startswith("doomed") for name in acknowledged) >= 20, within=30)
                process.kill()
        await assert_allocated_once(etcd, client)
        stored = {service.metadata.name for service in (await client.list(KIND)).items}
        assert acknowledged <= stored
        assert {f"stays-{number}" for number in range(60)} <= stored


async def _answers(client: Client) -> bool:
    try:
        await client.list(registry.NAMESPACES)
    except errors.Unavailable as error:
        raise AssertionError(str(error)) from error
    return True


async def test_a_write_through_one_server_is_read_and_watched_through_the_other(etcd: RealEtcd) -> None:
    async with running_api(etcd) as one, running_api(etcd) as two, one.client() as first, two.client() as second:
        informer = Informer(second, registry.CONFIG_MAPS)
        async with running(informer.run(), "informer"):
            await informer.synced()
            for number in range(20):
                created = await first.create(make_config_map(f"c-{number}"))
                read = await second.get(registry.CONFIG_MAPS, f"c-{number}", "default")
                assert read.metadata.resource_version == created.metadata.resource_version
                listed = await second.list(registry.CONFIG_MAPS, "default")
                assert len([obj for obj in listed.items if obj.metadata.name.startswith("c-")]) == number + 1
            await eventually(lambda: sum(obj.metadata.name.startswith("c-") for obj in informer) == 20)


async def test_a_watcher_moves_to_another_server_without_a_gap(etcd: RealEtcd) -> None:
    """A resource version means the same to every server."""
    async with running_api(etcd) as one, running_api(etcd) as two, one.client() as first, two.client() as second:
        start = (await first.list(registry.CONFIG_MAPS)).resource_version
        for number in range(10):
            await first.create(make_config_map(f"c-{number}"))
        seen: list[str] = []
        for client, until in ((first, 4), (second, 10)):
            async for batch in client.watch(registry.CONFIG_MAPS, "default", resource_version=start, bookmarks=False):
                for change in batch[: until - len(seen)]:
                    assert change.object is not None
                    seen.append(change.object.metadata.name)
                    start = change.resource_version
                if len(seen) >= until:
                    break
        assert seen == [f"c-{number}" for number in range(10)]


async def test_servers_that_start_at_once_make_what_every_cluster_has_once(etcd: RealEtcd) -> None:
    async with running_api(etcd) as one, running_api(etcd) as two, one.client() as first, two.client() as second:
        namespaces = [(await client.list(registry.NAMESPACES)).items for client in (first, second)]
        assert [obj.metadata.uid for obj in namespaces[0]] == [obj.metadata.uid for obj in namespaces[1]]
