"""One question for many, and never an answer that is older than the asker."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.store.freshness import Freshness


class Etcd:
    """Answers with a growing revision when it is let."""

    def __init__(self) -> None:
        self.now = 1
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def revision(self) -> int:
        self.asked += 1
        now = self.now
        await self.gate.wait()
        return now


async def test_those_who_wait_together_share_a_question() -> None:
    etcd = Etcd()
    freshness = Freshness(etcd.revision)
    etcd.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(freshness.revision()) for _ in range(50)]
        await asyncio.sleep(0)
        etcd.gate.set()
    assert {task.result() for task in answers} == {1}
    assert etcd.asked == 2  # the first was put before the others came


async def test_who_comes_after_the_question_was_put_does_not_get_its_answer() -> None:
    etcd = Etcd()
    freshness = Freshness(etcd.revision)
    etcd.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        early = tasks.create_task(freshness.revision())
        await asyncio.sleep(0)
        etcd.now = 2
        late = tasks.create_task(freshness.revision())
        await asyncio.sleep(0)
        etcd.gate.set()
    assert (early.result(), late.result()) == (1, 2)


async def test_a_question_that_fails_is_put_again_by_the_next() -> None:
    asked = 0

    async def fails_once() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        if asked == 1:
            raise ConnectionError
        return 7

    freshness = Freshness(fails_once)
    first, second = await asyncio.gather(freshness.revision(), freshness.revision(), return_exceptions=True)
    assert isinstance(first, ConnectionError)
    assert second == 7


async def test_an_asker_that_goes_away_leaves_the_turn_to_the_next() -> None:
    etcd = Etcd()
    freshness = Freshness(etcd.revision)
    etcd.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(freshness.revision())
        await asyncio.sleep(0)
        stays = tasks.create_task(freshness.revision())
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        etcd.gate.set()
    assert stays.result() == 1
