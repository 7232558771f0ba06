"""Each client waits in a line of its own, and the lines take turns."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.api import errors
from controlplane.server.limits import Limits, Seats, Turns
from controlplane.server.users import NODES, SCHEDULER, User


class Room:
    """Clients that take a seat, note it, and keep it until told."""

    def __init__(self, limits: Limits) -> None:
        self.seats = Seats(limits.seats, limits)
        self.served: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def _sit(self, client: str) -> None:
        await self.seats.take(client)
        self.served.append(client)

    async def come(self, *clients: str) -> None:
        for client in clients:
            self.tasks.append(asyncio.get_running_loop().create_task(self._sit(client)))
        await settled()

    async def leave(self, times: int = 1) -> None:
        for _ in range(times):
            self.seats.give()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_seat_is_taken_at_once() -> None:
    room = Room(Limits(seats=2))
    await room.come("a", "a")
    assert room.served == ["a", "a"]


async def test_a_newcomer_is_served_before_the_long_line_of_another() -> None:
    room = Room(Limits(seats=1))
    await room.come("busy", *["busy"] * 50, "polite")
    await room.leave(2)
    assert room.served == ["busy", "busy", "polite"]
    await room.leave(49)
    assert room.served.count("busy") == 51
    assert room.seats.waiting == 0


async def test_lines_take_turns() -> None:
    room = Room(Limits(seats=1))
    await room.come("x", "a", "a", "a", "b", "b", "c")
    await room.leave(6)
    assert room.served[1:] == ["a", "b", "c", "a", "b", "a"]


async def test_a_full_line_refuses_and_says_when_to_come_back() -> None:
    room = Room(Limits(seats=1, line=3))
    await room.come("a", "a", "a", "a")
    with pytest.raises(errors.TooManyRequests, match="3 requests of a are waiting already") as refused:
        await room.seats.take("a")
    assert refused.value.status.details.retry_after_seconds == 1
    await room.come("b")  # another client's line is not full
    await room.leave(4)
    assert "b" in room.served


async def test_who_waits_too_long_is_sent_away_and_holds_no_place() -> None:
    room = Room(Limits(seats=1, wait_seconds=0.01))
    await room.come("a")
    with pytest.raises(errors.TooManyRequests, match="has waited"):
        await room.seats.take("b")
    assert room.seats.waiting == 0
    await room.leave()
    await room.come("c")
    assert room.served == ["a", "c"]


async def test_a_client_that_goes_away_as_its_turn_comes_gives_the_seat_on() -> None:
    room = Room(Limits(seats=1))
    await room.come("a", "gone", "next")
    room.seats.give()
    room.tasks[1].cancel()
    await settled()
    assert room.served == ["a", "next"]


async def test_all_seats_come_back_whatever_happens() -> None:
    turns = Turns(Limits(seats=3, own_seats=1, line=10, wait_seconds=5))

    async def work(number: int) -> None:
        async with turns.turn(User(f"user-{number % 4}")):
            await asyncio.sleep(0)
            if number % 3 == 0:
                raise ValueError

    tasks = [asyncio.get_running_loop().create_task(work(number)) for number in range(40)]
    for task in tasks[::7]:
        task.cancel()
    await asyncio.wait(tasks)
    async with asyncio.timeout(1), turns.turn(User("a")), turns.turn(User("a")), turns.turn(User("a")):
        pass


@pytest.mark.parametrize("user", [User(SCHEDULER), User("system:node:n", frozenset({NODES}))], ids=lambda user: user.name)
async def test_the_clusters_own_parts_do_not_wait_behind_users(user: User) -> None:
    turns = Turns(Limits(seats=1, own_seats=1))
    async with asyncio.timeout(1), turns.turn(User("somebody")), turns.turn(user):
        pass
