"""Tokens asked for by a node, without containers: when they are renewed, and what happens while they cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.server.pki import Identity
from dataplane.agent.tokens import Tokens
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Token, Wanted
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod
from tests.support.server import RunningApi

NODE = "node-7"
WANTED = Wanted("", 3600)
START = 1_000_000.0


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def agent(api: RunningApi) -> AsyncIterator[Client]:
    async with Client(api.connection(Identity(f"system:node:{NODE}", ("system:nodes",)))) as client:
        yield client


@pytest.fixture
async def pod(client: Client) -> core.Pod:
    return await client.create(make_pod("web", node=NODE))


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def test_a_token_is_asked_for_once_and_again_when_it_is_time(agent: Client, pod: core.Pod) -> None:
    clock = Clock()
    tokens = Tokens(agent, clock=clock)
    uid = pod.metadata.uid
    assert tokens.due(uid) is None
    first = await tokens.get(pod, WANTED)
    assert claims(first)["kubernetes.io"]["pod"] == {"name": "web", "uid": uid}
    due = tokens.due(uid)
    assert due is not None
    assert START + 0.8 * 3600 - 10 <= due <= START + 0.8 * 3600
    clock.now = due - 1
    assert await tokens.get(pod, WANTED) == first
    clock.now = due
    second = await tokens.get(pod, WANTED)
    assert second != first
    assert tokens.due(uid) == due + (due - START)
    tokens.forget(uid)
    assert tokens.due(uid) is None


async def test_those_who_ask_at_once_get_the_same_token(agent: Client, pod: core.Pod) -> None:
    tokens = Tokens(agent, clock=Clock())
    got = await asyncio.gather(*(tokens.get(pod, WANTED) for _ in range(5)))
    assert len(set(got)) == 1
    assert await tokens.get(pod, Wanted("vault", 600)) not in got


async def test_the_old_token_stays_in_use_while_there_is_no_other(agent: Client, api: RunningApi, pod: core.Pod) -> None:
    clock = Clock()
    tokens = Tokens(agent, clock=clock)
    first = await tokens.get(pod, WANTED)
    due = tokens.due(pod.metadata.uid)
    assert due is not None
    await api.stop()
    clock.now = due
    pauses = []
    for _ in range(8):
        assert await tokens.get(pod, WANTED) == first
        later = tokens.due(pod.metadata.uid)
        assert later is not None
        pauses.append(later - clock.now)
        assert await tokens.get(pod, WANTED) == first
        assert tokens.due(pod.metadata.uid) == later, "not asked for again before its time"
        clock.now = later
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    fresh = copy_of(pod)
    fresh.metadata.uid = "another"
    with pytest.raises(MountProblem, match="failed to fetch token: "):
        await tokens.get(fresh, WANTED)
    clock.now = claims(first)["exp"]
    with pytest.raises(MountProblem, match="token expired and refresh failed: "):
        await tokens.get(pod, WANTED)


async def test_a_token_that_was_found_is_used_for_its_time(agent: Client, pod: core.Pod) -> None:
    clock = Clock()
    tokens = Tokens(agent, clock=clock)
    uid = pod.metadata.uid
    tokens.adopt(uid, WANTED, Token("found", START + 100, START + 200))
    tokens.adopt(uid, Wanted("ended", 600), Token("ended", START - 100, START))
    assert await tokens.get(pod, WANTED) == "found"
    assert await tokens.get(pod, Wanted("ended", 600)) != "ended"
    clock.now = START + 100
    assert await tokens.get(pod, WANTED) != "found"


async def test_a_token_for_a_pod_of_another_node_is_refused(agent: Client, client: Client) -> None:
    stranger = await client.create(make_pod("stranger", node="node-8"))
    with pytest.raises(MountProblem, match=r"failed to fetch token: .*no relationship found between node 'node-7'"):
        await Tokens(agent, clock=Clock()).get(stranger, WANTED)
