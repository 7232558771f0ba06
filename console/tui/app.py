"""The console: opens at once, connects after. Joins screens, data and deeds, which know nothing of each other.

`run` is the way in; `orlop` and `orlop up` call it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import constants, events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.reactive import var
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from console.tui import keys, settings
from console.tui.driver import ESCAPE_SECONDS, PromptDriver
from console.tui.editor import edit
from console.tui.feeds import Feeds
from console.tui.identity import version_of_product, who
from console.tui.logfile import log_to_file
from console.tui.model import command
from console.tui.model.deeds import Failed, words
from console.tui.model.desk import Desk
from console.tui.model.sanitize import clean
from console.tui.model.startup import Step
from console.tui.model.summary import Identity, Link, Summary
from console.tui.model.views import Deed, Flash, ListPlace, Place
from console.tui.screens.help import HelpScreen, groups_of
from console.tui.screens.listing import ListScreen
from console.tui.screens.making import make
from console.tui.screens.page import Page
from console.tui.screens.startup import StartupScreen
from console.tui.settings import Settings
from console.tui.theme import PALETTES, theme_of
from controlplane.api import registry

if TYPE_CHECKING:
    from controlplane.client.client import Client
    from controlplane.client.connection import Connection

Connect = Callable[[], AbstractAsyncContextManager["Client"]]

_FLASH_SECONDS = {"done": 5.0, "failed": 12.0, "busy": 60.0}
_DEEPEST = 20
_MOUNT_SECONDS = 1.0


class ConsoleApp(App[None]):
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "orlop"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.APP]

    identity: var[Identity] = var(Identity())
    summary: var[Summary] = var(Summary())
    link: var[Link] = var(Link())
    flash: var[Flash | None] = var(None)

    def __init__(
        self,
        connect: Connect,
        *,
        namespace: str = "default",
        identity: Identity | None = None,
        identify: Callable[[], Identity] | None = None,
        startup: AsyncIterator[Step] | None = None,
        chosen: Settings | None = None,
        clock: Callable[[], float] = time.time,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.set_reactive(ConsoleApp.identity, identity or Identity())
        self.set_reactive(ConsoleApp.link, Link(since=clock()))
        self.desk = Desk(namespace)
        self.feeds = Feeds(clock)
        self.failure: Exception | None = None
        self._connect, self._identify, self._startup, self._clock = connect, identify, startup, clock
        self._chosen = chosen or Settings()
        self._client: Client | None = None
        self._flash_timer: Timer | None = None
        self.animation_level = "none"
        for palette in PALETTES:
            self.register_theme(theme_of(palette))
        self.theme = self._chosen.theme
        self.desk.themes = [palette.name for palette in PALETTES]
        self.set_keymap(self._chosen.keys)

    # Start and end.

    def get_default_screen(self) -> Screen[Any]:
        return ListScreen(ListPlace(registry.PODS), self.feeds, self.desk)

    def on_mount(self) -> None:
        if self._startup is not None:
            self.push_screen(StartupScreen(self._clock, self.identity.context))
        for problem in self._chosen.problems[:1]:
            self.show(Flash(problem, "failed"))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_worker(self._live(), name="cluster")

    async def _live(self) -> None:
        """Brings the cluster up if that is asked for, then follows it. What is slow to load is loaded here, in a thread."""
        if self._startup is not None and not await self._start_up(self._startup):
            return
        if self._identify is not None:
            self.identity = await asyncio.to_thread(self._identify)
        async with await asyncio.to_thread(self._connect) as client:
            self._client = client
            self.feeds.open(registry.NAMESPACES, None, lambda _batch: self._learn_namespaces())
            await self.feeds.run(client, self._link_changed, self._summary_changed)

    async def _start_up(self, steps: AsyncIterator[Step]) -> bool:
        screen = self.screen
        assert isinstance(screen, StartupScreen)
        try:
            async for step in steps:
                screen.take(step)
        except Exception as error:
            # Whatever it was, the operator reads it here, and `run` raises it again when the console is left.
            self.failure = error
            screen.fail(str(error) or type(error).__name__)
            return False
        await self.pop_screen()
        return True

    def _learn_namespaces(self) -> None:
        names = (clean(namespace.metadata.name) for namespace in self.feeds.objects(registry.NAMESPACES))
        self.desk.namespaces = sorted(names)

    def _link_changed(self, link: Link) -> None:
        self.link = link

    def _summary_changed(self, summary: Summary) -> None:
        self.summary = summary

    # Keys.

    async def on_event(self, event: events.Event) -> None:
        """Keys act in the order in which they were typed, each on the page that those before it led to.

        Textual hands a key to the focused widget and looks for its binding when it has come back from there, by when the
        next one may have gone the same way: of "backspace 2 enter" in one go, a field would take the 2 first.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._page_stands()
            if isinstance(self.focused, Input) and event.is_printable and event.character:
                _type(self.focused, event.character)
                return
            if await self._check_bindings(event.key):
                return
        await super().on_event(event)

    async def _page_stands(self) -> None:
        if not self.screen.is_mounted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MOUNT_SECONDS):
                    await self.screen._mounted_event.wait()

    # Words to the operator.

    def show(self, flash: Flash) -> None:
        if self._flash_timer is not None:
            self._flash_timer.stop()
        self.flash = replace(flash, text=clean(flash.text))
        self._flash_timer = self.set_timer(_FLASH_SECONDS[flash.mood], self._unflash)

    def _unflash(self) -> None:
        self.flash = None

    # Going places.

    def go(self, place: Place) -> None:
        self._open(make(place, self.feeds, self.desk))

    def _open(self, screen: Screen[None]) -> None:
        if len(self.screen_stack) < _DEEPEST:
            self.push_screen(screen)
        else:
            self.switch_screen(screen)

    def go_back(self, *, leaving: bool) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif leaving:
            self.exit()
        else:
            self.show(Flash("this is the first page; q leaves the console"))

    def use_namespace(self, name: str) -> None:
        self.desk.use(name)
        screen = self.screen
        if isinstance(screen, ListScreen) and screen.kind.namespaced and screen.scope is None:
            screen.use_namespace(name)
        else:
            self.go(ListPlace(registry.PODS, name))

    def action_command(self) -> None:
        if isinstance(self.screen, Page):
            self.screen.open_command()

    def obey(self, text: str) -> None:
        try:
            wanted = command.parse(text, self.desk.known)
        except command.CommandError as error:
            self.show(Flash(str(error), "failed"))
            return
        match wanted:
            case command.Show(kind, namespace, query):
                if namespace is not None:
                    self.desk.use(namespace)
                self.go(ListPlace(kind, namespace, query))
            case command.UseNamespace(name):
                self.use_namespace(name)
            case command.UseTheme(name):
                self.theme = name
            case command.Word("quit"):
                self.exit()
            case command.Word("help"):
                self.action_help()
            case command.Word():
                self.show(Flash(f"context {self.identity.context or 'not named'}, user {self.identity.user or 'not named'}"))

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen) and isinstance(self.screen, Page):
            self._open(HelpScreen(self.feeds, self.desk, groups_of(self.screen)))

    def action_next_theme(self) -> None:
        names = list(self.desk.themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    # Doing things.

    def do(self, deed: Deed) -> None:
        self.show(Flash(f"{words(deed)} …", "busy"))
        self.run_worker(self._perform(deed), name="deed")

    async def _perform(self, deed: Deed) -> None:
        if self._client is None:
            self.show(Flash("not connected yet", "failed"))
            return
        from console.tui import actions  # brings what only deeds need

        try:
            told = await actions.perform(deed, self._client, now=self._clock(), editor=lambda text: edit(self, text))
        except Failed as error:
            self.show(Flash(str(error), "failed"))
        else:
            self.show(Flash(told))


def _type(field: Input, text: str) -> None:
    if field.selection.is_empty:
        field.insert_text_at_cursor(text)
    else:
        field.replace(text, *field.selection)


def run(
    connection: Connection | Callable[[], Connection],
    *,
    namespace: str = "default",
    startup: AsyncIterator[Step] | None = None,
    context: str = "",
) -> None:
    """Shows the console until the operator leaves it.

    `startup` reports the steps of a cluster's start, which are shown first; what it raises is shown, and raised again at the
    end. `connection` may be a function, which is called once `startup` is through.
    """
    if "ESCDELAY" not in os.environ:
        constants.ESCAPE_DELAY = ESCAPE_SECONDS  # type: ignore[misc]

    def connect() -> Client:
        from controlplane.client.client import Client

        log_to_file()
        return Client(connection() if callable(connection) else connection)

    def identify() -> Identity:
        return Identity(context, "" if callable(connection) else who(connection.certificate), version_of_product())

    chosen = settings.load(settings.folder() / settings.FILE)
    app = ConsoleApp(
        connect, namespace=namespace, identity=Identity(context), identify=identify, startup=startup, chosen=chosen,
        driver_class=PromptDriver if sys.platform == "linux" and "TEXTUAL_DRIVER" not in os.environ else None)  # fmt: skip
    app.run()
    if app.failure is not None:
        raise app.failure
