"""So that no client starves the others: each waits in a line of its own, and the lines take turns.

A request takes a seat while it is worked on. When all seats are taken it waits in its client's line; a seat that comes free
goes to the next line in turn, however long the others are. A line that is full refuses at once: TooManyRequests, with the
time after which to try again. The cluster's own components have seats that nobody else takes, so that leases are renewed
whatever the users do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

from controlplane.api import errors
from controlplane.server.users import CONTROLLER_MANAGER, SCHEDULER, User

_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """`seats` are requests worked on at once, `own_seats` those of the cluster's components; `line` is how many requests of
    one client may wait, `wait_seconds` how long."""

    seats: int = 96
    own_seats: int = 48
    line: int = 2000
    wait_seconds: float = 25.0


class Seats:
    """A number of seats, and a line for each client that waits for one."""

    def __init__(self, seats: int, limits: Limits) -> None:
        self._free = seats
        self._limits = limits
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    async def take(self, client: str) -> None:
        """Returns with a seat. Raises TooManyRequests when the client's line is full or the wait too long."""
        if self._free > 0 and not self._lines:
            self._free -= 1
            return
        line = self._lines.setdefault(client, deque())
        if len(line) >= self._limits.line:
            raise _busy(f"{len(line)} requests of {client} are waiting already")
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(called)
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await called
        except BaseException as error:
            self._leave(client, called)
            if isinstance(error, TimeoutError):
                raise _busy(f"a request of {client} has waited {self._limits.wait_seconds:g} s for its turn") from error
            raise

    def _leave(self, client: str, called: asyncio.Future[None]) -> None:
        """Gives up the place in the line, or the seat if it has just been given."""
        if called.done() and not called.cancelled():
            self.give()
            return
        line = self._lines.get(client)
        if line is not None and called in line:
            line.remove(called)
            if not line:
                del self._lines[client]

    def give(self) -> None:
        """Gives a seat back: the next line in turn has it."""
        while self._lines:
            client, line = self._lines.popitem(last=False)
            called = line.popleft()
            if line:
                self._lines[client] = line  # at the end: the others come first
            if not called.done():
                called.set_result(None)
                return
        self._free += 1


class Turns:
    """Who waits for which seats."""

    def __init__(self, limits: Limits) -> None:
        self._own = Seats(limits.own_seats, limits)
        self._others = Seats(limits.seats, limits)

    def seats_of(self, user: User) -> Seats:
        """Where the user's requests are worked on."""
        return self._own if user.node or user.name in (SCHEDULER, CONTROLLER_MANAGER) else self._others

    def turn(self, user: User) -> Turn:
        """A seat for one request."""
        return Turn(self.seats_of(user), user.name)


class Turn:
    """A seat for one request, as `async with`."""

    __slots__ = ("_client", "_seats")

    def __init__(self, seats: Seats, client: str) -> None:
        self._seats, self._client = seats, client

    async def __aenter__(self) -> None:
        await self._seats.take(self._client)

    async def __aexit__(self, _type: object, _error: object, _traceback: object) -> None:
        self._seats.give()


def _busy(why: str) -> errors.TooManyRequests:
    return errors.TooManyRequests(f"too many requests: {why}; try again later", retry_after_seconds=_RETRY_SECONDS)
