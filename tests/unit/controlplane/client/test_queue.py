"""The promises of the work queue."""

from __future__ import annotations

import asyncio

from controlplane.client.queue import WorkQueue


async def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_is_worked_on_by_one_at_a_time() -> None:
    """What is added while it is worked on comes again afterwards, so that no change is missed."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    assert len(queue) == 0
    queue.done(key)
    assert await queue.get() == "a"


async def test_a_failed_key_comes_back_after_a_pause_that_doubles() -> None:
    queue: WorkQueue[str] = WorkQueue(first_pause=0.001, longest_pause=0.004)
    queue.add("a")
    pauses = []
    for _ in range(4):
        async with asyncio.timeout(2):
            key = await queue.get()
        pauses.append(queue.retry(key))
    assert pauses == [0.001, 0.002, 0.004, 0.004]


async def test_success_forgets_failures() -> None:
    queue: WorkQueue[str] = WorkQueue(first_pause=0.001)
    queue.add("a")
    queue.retry(await queue.get())
    queue.done(await queue.get())
    queue.add("a")
    assert queue.retry(await queue.get()) == 0.001


async def test_the_earlier_of_two_times_stands() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 60)
    queue.add_after("a", 0.001)
    async with asyncio.timeout(2):
        assert await queue.get() == "a"


async def test_a_waiting_worker_wakes() -> None:
    queue: WorkQueue[str] = WorkQueue()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(queue.get())
        await asyncio.sleep(0)
        queue.add("a")
    assert waiting.result() == "a"
