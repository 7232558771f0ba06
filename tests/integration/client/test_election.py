"""Leader election on a real API server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from controlplane.api import registry, times
from controlplane.client.client import Client
from controlplane.client.election import Candidate, Election, lead
from tests.support.server import RunningApi, running, running_api
from tests.support.waiting import eventually

NAME = "kube-test"


def election(identity: str, *, duration: float = 3.0) -> Election:
    deadline = duration * 2 / 3
    return Election(
        NAME, identity, lease_duration_seconds=duration, renew_deadline_seconds=deadline, retry_period_seconds=0.2
    )  # fmt: skip


@dataclass
class Work:
    """Notes who is at it; `most` is how many ever were at once."""

    at_work: set[str] = field(default_factory=set)
    turns: list[str] = field(default_factory=list)
    most: int = 0

    @contextlib.asynccontextmanager
    async def candidate(self, client: Client, identity: str, *, duration: float = 3.0) -> AsyncIterator[asyncio.Task[None]]:
        async def work() -> None:
            self.at_work.add(identity)
            self.turns.append(identity)
            self.most = max(self.most, len(self.at_work))
            try:
                await asyncio.Event().wait()
            finally:
                self.at_work.discard(identity)

        async with running(lead(client, election(identity, duration=duration), work), identity) as task:
            yield task


async def renewals(client: Client) -> float:
    lease = await client.get(registry.LEASES, NAME, "kube-system")
    return times.to_seconds(lease.spec.renew_time)


async def test_only_one_works_while_it_renews(client: Client) -> None:
    work = Work()
    async with work.candidate(client, "one"):
        await eventually(lambda: work.at_work == {"one"})
        async with work.candidate(client, "two"):
            start = await renewals(client)
            await eventually(lambda: _later(client, start + election("").lease_duration_seconds), within=20)
            assert work.turns == ["one"]


async def _later(client: Client, moment: float) -> bool:
    return await renewals(client) > moment


async def test_a_leader_that_ends_gracefully_is_followed_at_once(client: Client) -> None:
    """The lease would last for ten minutes."""
    work = Work()
    async with (
        work.candidate(client, "one", duration=600) as first,
        contextlib.AsyncExitStack() as stack,
    ):
        await eventually(lambda: work.at_work == {"one"})
        await stack.enter_async_context(work.candidate(client, "two", duration=600))
        first.cancel()
        await eventually(lambda: work.at_work == {"two"})
    assert work.most == 1


async def test_the_lease_says_who_leads_and_how_often_that_changed(client: Client) -> None:
    work = Work()
    async with work.candidate(client, "one"):
        await eventually(lambda: work.at_work == {"one"})
        lease = await client.get(registry.LEASES, NAME, "kube-system")
        assert (lease.spec.holder_identity, lease.spec.lease_duration_seconds) == ("one", 3)
        assert lease.spec.lease_transitions == 0
    lease = await client.get(registry.LEASES, NAME, "kube-system")
    assert lease.spec.holder_identity == ""
    async with work.candidate(client, "two"):
        await eventually(lambda: work.at_work == {"two"})
        lease = await client.get(registry.LEASES, NAME, "kube-system")
        assert (lease.spec.holder_identity, lease.spec.lease_transitions) == ("two", 1)


async def test_a_leader_that_is_cut_off_is_followed_when_its_lease_is_over(api: RunningApi, client: Client) -> None:
    """Its API server goes, so that it can neither renew nor release; it must have stopped before the other begins."""
    work = Work()
    async with (
        running_api(api.etcd) as lost,
        lost.client() as cut_off,
        work.candidate(cut_off, "one"),
    ):
        await eventually(lambda: work.at_work == {"one"})
        async with work.candidate(client, "two"):
            await lost.stop()
            await eventually(lambda: work.at_work == {"two"}, within=20)
    assert work.turns == ["one", "two"]
    assert work.most == 1


async def test_a_process_that_comes_back_with_its_identity_goes_on_at_once(client: Client) -> None:
    """Killed, it could not release; started anew, it need not wait for its own lease to end."""
    await Candidate(client, election("one", duration=600)).acquire()
    began = asyncio.Event()

    async def work() -> None:
        began.set()

    await asyncio.wait_for(lead(client, election("one", duration=600), work), 10)
    assert began.is_set()
    lease = await client.get(registry.LEASES, NAME, "kube-system")
    assert lease.spec.lease_transitions == 0


async def test_a_failure_of_the_work_reaches_whoever_started_it_and_frees_the_lease(client: Client) -> None:
    async def work() -> None:
        raise LookupError("broken")

    with pytest.raises(ExceptionGroup) as raised:
        await lead(client, election("one"), work)
    assert raised.group_contains(LookupError)
    lease = await client.get(registry.LEASES, NAME, "kube-system")
    assert lease.spec.holder_identity == ""


async def test_the_work_ends_when_the_api_stays_away_and_goes_on_when_it_is_back(api: RunningApi) -> None:
    work = Work()
    port = api.server.port
    async with api.client() as client, work.candidate(client, "one"):
        await eventually(lambda: work.at_work == {"one"})
        await api.stop()
        await eventually(lambda: not work.at_work, within=15)
        async with running_api(api.etcd, listen=f"127.0.0.1:{port}"):
            await eventually(lambda: work.at_work == {"one"}, within=20)
    assert work.turns == ["one", "one"]
