"""What every request passes, whichever door it comes through: its turn comes, and what became of it is written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors
from controlplane.server.audit import event
from controlplane.server.audit.policy import Level
from controlplane.server.audit.settings import Audit
from controlplane.server.limits import Turns
from controlplane.server.sources import Sources
from controlplane.server.users import Attributes, Caller, User
from controlplane.store.records import Record
from protos.v1.resources_pb2 import Object


@dataclass(slots=True)
class Passage:
    """A request on its way. Whoever answers it sets `answer`, for the audit log."""

    answer: Record | None = None


class Gate:
    """Without `audit` nothing is written down."""

    def __init__(self, turns: Turns, sources: Sources, audit: Audit | None = None) -> None:
        self._turns = turns
        self._sources = sources
        self._audit = audit

    @contextlib.asynccontextmanager
    async def turn(self, user: User) -> AsyncIterator[None]:
        """A turn for a request whose parts are audited one by one."""
        async with self._turns.turn(user):
            yield

    @contextlib.asynccontextmanager
    async def request(self, caller: Caller, request: Any) -> AsyncIterator[Passage]:
        """A turn for a request, and its line in the audit log."""
        async with self.audited(caller, request) as passage, self._turns.turn(caller.user):
            yield passage

    @contextlib.asynccontextmanager
    async def audited(self, caller: Caller, request: Any) -> AsyncIterator[Passage]:
        """A line in the audit log, for a stream or one write of a batch."""
        passage = Passage()
        if self._audit is None:
            yield passage
            return
        started = self._sources.now()
        failure: errors.StatusError | None = None
        try:
            yield passage
        except errors.StatusError as error:
            failure = error
            raise
        except asyncio.CancelledError:
            failure = errors.Timeout("the client went away")
            raise
        except Exception as error:
            failure = errors.StatusError(f"internal error: {error}")
            raise
        finally:
            ended = self._sources.now()
            self._note(self._audit, caller, request, event.Outcome(started, ended, failure), passage.answer)

    def _note(self, audit: Audit, caller: Caller, request: Any, outcome: event.Outcome, answer: Record | None) -> None:
        asked = caller.attributes or Attributes("")
        level = audit.policy.level(caller.impersonator or caller.user, asked)
        if level == Level.NONE:
            return
        asked_for = getattr(request, "object", None) if level >= Level.REQUEST else None
        answered = Object.FromString(answer.boxed) if answer is not None and level >= Level.RESPONSE else None
        call = f"/orlop.v1.Resources/{type(request).__name__.removesuffix('Request')}"
        bodies = event.Bodies(asked_for, answered)
        audit.file.append(event.line(self._sources.uid(), level, caller, call, outcome, bodies))
