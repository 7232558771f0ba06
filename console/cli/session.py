"""What a command works with: the global flags, the kubeconfig they select, and a client opened when it is needed."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from console.cli.failures import CommandError, Incomplete, told
from console.kubeconfig import Kubeconfig, load
from controlplane.api.registry import Kind

if TYPE_CHECKING:
    from controlplane.client.client import Client

R = TypeVar("R")


@dataclass
class Settings:
    """The global flags, as given. `open_console` opens the full-screen console, with the arguments of `tui.app.run`; it is
    handed in because a verb's module does not know the console."""

    namespace: str = ""
    all_namespaces: bool = False
    context: str = ""
    kubeconfig: str = ""
    request_timeout: float = 0.0
    open_console: Callable[..., None] | None = None

    @cached_property
    def config(self) -> Kubeconfig:
        return load(self.kubeconfig)

    @property
    def default_namespace(self) -> str:
        """Where an object goes, or is looked for, when nothing else says so."""
        return self.namespace or self.config.namespace(self.context)

    @cached_property
    def served(self) -> Sequence[Kind[Any]]:
        """Every kind that the server has. Raises StatusError where it cannot be asked."""
        return self.ask(lambda client: client.kinds())

    def ask(self, question: Callable[[Client], Awaitable[R]]) -> R:
        """The server's answer to one question, before the command's own work begins."""
        import asyncio

        return asyncio.run(self._ask(question))

    async def _ask(self, question: Callable[[Client], Awaitable[R]]) -> R:
        from controlplane.client.client import DEADLINE_SECONDS, Client

        connection = self.config.connection(self.context)
        async with Client(connection, deadline_seconds=self.request_timeout or DEADLINE_SECONDS) as client:
            return await question(client)

    @cached_property
    def _told(self) -> set[str]:
        """The warnings that were passed on."""
        return set()

    def _warn(self, warning: str) -> None:
        """Passes a warning of the server's on, each once."""
        if warning not in self._told:
            self._told.add(warning)
            note(f"Warning: {warning}")

    def run(self, work: Callable[[Session], Awaitable[None]]) -> None:
        """Opens a client, does the work, and raises Incomplete if part of it failed."""
        import asyncio

        asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Session], Awaitable[None]]) -> None:
        from controlplane.client.client import DEADLINE_SECONDS, Client

        connection = self.config.connection(self.context)
        deadline = self.request_timeout or DEADLINE_SECONDS
        async with Client(connection, deadline_seconds=deadline, warn=self._warn) as client:
            session = Session(self, client)
            await work(session)
        if session.failed:
            raise Incomplete


@dataclass
class Session:
    """One command under way. Failures of single objects are told at once and remembered."""

    settings: Settings
    client: Client
    failed: bool = field(default=False)

    @property
    def namespace(self) -> str:
        return self.settings.default_namespace

    def scope(self, kind: Kind[Any]) -> str:
        """The namespace to list a kind in; empty for all, and for kinds without one."""
        return "" if self.settings.all_namespaces or not kind.namespaced else self.namespace

    def home(self, kind: Kind[Any], namespace: str = "") -> str:
        """Where an object that is named is: in `namespace` if that is known, as from a manifest, or in the one in force."""
        if not kind.namespaced:
            return ""
        if self.settings.all_namespaces and not namespace:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        return namespace or self.namespace

    def fail(self, error: Exception, *, doing: str = "") -> None:
        """Tells what went wrong with one object; the others go on. `doing` says during what: `when applying "web.yaml"`."""
        self.failed = True
        note(told(error, doing))

    @staticmethod
    def now() -> float:
        return time.time()


def note(text: str) -> None:
    """A line for the person at the terminal, not for the pipe."""
    print(text, file=sys.stderr, flush=True)
