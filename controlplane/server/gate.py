"""What every request passes, whichever door it comes through: its turn comes, and what became of it is written down."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from controlplane.api import errors
from controlplane.server.audit import event
from controlplane.server.audit.policy import Level
from controlplane.server.audit.settings import Audit
from controlplane.server.limits import Seats, Turn, Turns
from controlplane.server.sources import Sources
from controlplane.server.users import Attributes, Caller, User
from controlplane.store.records import Record
from protos.v1.resources_pb2 import Object


class Passage:
    """A request on its way, as `async with`. Whoever answers it sets `answer`, for the audit log."""

    __slots__ = ("_caller", "_gate", "_request", "_seats", "_started", "answer")

    def __init__(self, gate: Gate, caller: Caller, request: Any, seats: Seats | None) -> None:
        self._gate, self._caller, self._request = gate, caller, request
        self._seats = seats
        self._started = 0.0
        self.answer: Record | None = None

    async def __aenter__(self) -> Self:
        self._started = self._gate.now()
        if self._seats is not None:
            try:
                await self._seats.take(self._caller.user.name)
            except BaseException as error:
                self._gate.note(self._caller, self._request, self._started, error, None)
                raise
        return self

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if self._seats is not None:
            self._seats.give()
        self._gate.note(self._caller, self._request, self._started, error, self.answer)


class Gate:
    """Without `audit` nothing is written down."""

    def __init__(self, turns: Turns, sources: Sources, audit: Audit | None = None) -> None:
        self._turns = turns
        self._sources = sources
        self._audit = audit
        self.now = sources.now

    def turn(self, user: User) -> Turn:
        """A turn for a request whose parts are audited one by one."""
        return Turn(self._turns.seats_of(user), user.name)

    def request(self, caller: Caller, request: Any) -> Passage:
        """A turn for a request, and its line in the audit log."""
        return Passage(self, caller, request, self._turns.seats_of(caller.user))

    def audited(self, caller: Caller, request: Any) -> Passage:
        """A line in the audit log, for a stream or one write of a batch."""
        return Passage(self, caller, request, None)

    def note(self, caller: Caller, request: Any, started: float, error: BaseException | None, answer: Record | None) -> None:
        """Writes the request down, if the policy says so."""
        if self._audit is None:
            return
        asked = caller.attributes or Attributes("")
        level = self._audit.policy.level(caller.impersonator or caller.user, asked)
        if level == Level.NONE:
            return
        asked_for = getattr(request, "object", None) if level >= Level.REQUEST else None
        answered = Object.FromString(answer.boxed) if answer is not None and level >= Level.RESPONSE else None
        call = f"/orlop.v1.Resources/{type(request).__name__.removesuffix('Request')}"
        outcome = event.Outcome(started, self.now(), _failure(error))
        line = event.line(self._sources.uid(), level, caller, call, outcome, event.Bodies(asked_for, answered))
        self._audit.file.append(line)


def _failure(error: BaseException | None) -> errors.StatusError | None:
    if error is None or isinstance(error, errors.StatusError):
        return error
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return errors.Timeout("the client went away")
    return errors.StatusError(f"internal error: {error}")
