"""Two schedulers: one works, and when it is killed the other goes on."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import sys
from collections.abc import AsyncIterator

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.server import users
from controlplane.server.pki import Identity
from tests.support.builders import make_pod
from tests.support.hollow import HollowNodes
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

LEASE = "kube-scheduler"


@contextlib.asynccontextmanager
async def scheduler(api: RunningApi, identity: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A scheduler as `orlop up` starts it, with a lease that is soon over."""
    api.etcd.pki.ensure("scheduler", Identity(users.SCHEDULER), datetime.datetime.now(datetime.UTC))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controlplane.main", "serve", "--only=scheduler", f"--pki={api.etcd.pki.path}",
        f"--server=127.0.0.1:{api.server.port}", f"--identity={identity}", "--leader-elect-lease-duration=3",
        "--leader-elect-renew-deadline=2", "--leader-elect-retry-period=0.2",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def holder(client: Client) -> str:
    try:
        lease = await client.get(registry.LEASES, LEASE, "kube-system")
    except errors.NotFound:
        return ""
    return lease.spec.holder_identity


async def scheduled(client: Client, name: str) -> None:
    await client.create(make_pod(name))

    async def bound() -> bool:
        return bool((await client.get(registry.PODS, name, "default")).spec.node_name)

    await eventually(bound, within=30)


async def test_the_second_scheduler_takes_over_when_the_first_is_killed(api: RunningApi, client: Client) -> None:
    hollow = HollowNodes(client, ["node-1"])
    async with running(hollow.run(), "hollow"), scheduler(api, "one") as first:
        await eventually(lambda: _is(client, "one"), within=30)
        async with scheduler(api, "two") as second:
            await scheduled(client, "before")
            assert await holder(client) == "one"
            first.kill()
            await scheduled(client, "after")
            assert await holder(client) == "two"
            second.terminate()
            await eventually(lambda: _is(client, ""), within=30)


async def test_a_scheduler_that_is_started_anew_as_itself_does_not_wait(api: RunningApi, client: Client) -> None:
    async with running(HollowNodes(client, ["node-1"]).run(), "hollow"):
        async with scheduler(api, "one") as first:
            await scheduled(client, "before")
            first.kill()
        async with scheduler(api, "one"):
            await scheduled(client, "after")
        lease = await client.get(registry.LEASES, LEASE, "kube-system")
        assert lease.spec.lease_transitions == 0


async def _is(client: Client, identity: str) -> bool:
    return await holder(client) == identity
