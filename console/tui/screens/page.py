"""The frame that all full screens share: header, title or prompt, content, the line that says why, the keys.

A page asks its `Source` for data and the console for everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen, Screen

from console.tui import keys
from console.tui.model import command
from console.tui.model.desk import Desk
from console.tui.model.spans import Line, line
from console.tui.model.views import Batch, Console, Flash, Handle, Source
from console.tui.widgets.board import Board
from console.tui.widgets.frame import Foot, Header, KeysLine
from console.tui.widgets.prompt import Check, Complete, Prompt
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind


@dataclass
class Delivered(Message):
    """News from a subscription; `of` tells a page's several apart."""

    batch: Batch
    of: str = ""


class Page(Screen[None]):
    AUTO_FOCUS = ""  # the page focuses its content itself
    BINDINGS: ClassVar[list[BindingType]] = [*keys.PAGE]

    def __init__(self, source: Source, desk: Desk) -> None:
        super().__init__()
        self.source, self.desk = source, desk
        self._handles: list[Handle] = []

    @property
    def console(self) -> Console:
        return cast("Console", self.app)

    def compose(self) -> ComposeResult:
        yield Header(self.source.now)
        yield Board(lambda width, _height: [self.title_line(width)], id="title")
        yield Prompt()
        yield from self.content()
        yield Foot()
        yield KeysLine()

    def content(self) -> ComposeResult:
        yield from ()

    def title_line(self, width: int) -> Line:
        return line()

    def retitle(self) -> None:
        self.query_one("#title", Board).redraw()

    def say(self, text: str, *, failed: bool = False) -> None:
        self.console.show(Flash(text, "failed" if failed else "done"))

    def why(self, text: Line) -> None:
        self.query_one(Foot).say(text)

    # Data.

    @property
    def is_in_view(self) -> bool:
        """On screen, if perhaps behind a dialog."""
        top = self.app.screen
        return top is self or (isinstance(top, ModalScreen) and self.app.screen_stack[-2] is self)

    def subscribe(self, kind: Kind[Any], keeps: Callable[[ApiObject], bool] | None = None, *, of: str = "") -> None:
        """Has changes of the kind sent here as `Delivered`, until the page goes."""

        def deliver(batch: Batch) -> None:
            self.post_message(Delivered(batch, of))

        self._handles.append(self.source.open(kind, keeps, deliver))

    def hold(self, handle: Handle) -> None:
        """Keeps a subscription until the page goes."""
        self._handles.append(handle)

    def release(self) -> None:
        for handle in self._handles:
            handle.close()
        self._handles.clear()

    def on_mount(self) -> None:
        self.focus_content()

    def on_unmount(self) -> None:
        self.release()

    def on_screen_suspend(self) -> None:
        if not isinstance(self.app.screen, ModalScreen):
            for handle in self._handles:
                handle.pause(True)

    def on_screen_resume(self) -> None:
        for handle in self._handles:
            handle.pause(False)

    # The prompt.

    def open_command(self) -> None:
        self._open(":", "", complete=self.desk.complete, check=self._check_command)

    def action_filter(self) -> None:
        self._open("/", self.filter_text(), check=self.check_filter)

    def _open(self, sign: str, text: str, *, check: Check, complete: Complete | None = None) -> None:
        """In place of the title. What is typed next goes there already."""
        self.query_one("#title", Board).display = False
        prompt = self.query_one(Prompt)
        prompt.open(sign, text, history=self.desk.history(sign), check=check, complete=complete)
        self.set_focus(prompt.entry)

    def _check_command(self, text: str) -> str:
        """Only for what can no longer become right by typing on."""
        try:
            command.parse(text, self.desk.known)
        except command.CommandError as error:
            return str(error) if text.strip() and not self.desk.complete(text) else ""
        return ""

    def _close_prompt(self) -> None:
        self.query_one(Prompt).display = False
        self.query_one("#title", Board).display = True
        self.retitle()
        self.focus_content()

    def focus_content(self) -> None:
        chain = self.focus_chain
        self.set_focus(chain[0] if chain else None)

    def on_prompt_entered(self, event: Prompt.Entered) -> None:
        self._close_prompt()
        self.desk.remember(event.sign, event.text)
        if event.sign == ":":
            self.console.obey(event.text)
        else:
            self.set_filter(event.text, done=True)

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.sign == "/":
            self.set_filter(event.text, done=False)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self._close_prompt()
        if event.sign == "/":
            self.set_filter(event.text, done=True)

    # What pages that filter or search say differently.

    def filter_text(self) -> str:
        return ""

    def check_filter(self, text: str) -> str:
        """What is wrong with a filter, or nothing."""
        return ""

    def set_filter(self, text: str, *, done: bool) -> None:
        """Called while typing, and with `done` at the end."""

    def action_back(self) -> None:
        self.console.go_back(leaving=False)

    def action_leave(self) -> None:
        self.console.go_back(leaving=True)
