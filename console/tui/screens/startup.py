"""The first screen of `orlop up`: what is being started, step by step. Gives way to the console when all is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from console.tui import keys
from console.tui.model.spans import EMPTY, Line, line
from console.tui.model.startup import Progress, Step
from console.tui.widgets.board import Board
from console.tui.widgets.frame import KeysLine


class StartupScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [keys.STARTUP_QUIT]

    def __init__(self, now: Callable[[], float], context: str) -> None:
        super().__init__()
        self._now, self._cluster = now, context
        self.progress = Progress()

    def compose(self) -> ComposeResult:
        yield Board(lambda _width, _height: [line((" orlop ", "accent"), " ", (self._cluster, "strong"))], classes="bar")
        yield Board(self._lines, id="steps")
        yield KeysLine()

    def on_mount(self) -> None:
        self.set_interval(0.5, self._redraw)

    def take(self, step: Step) -> None:
        self.progress.take(step, self._now())
        self._redraw()

    def fail(self, message: str) -> None:
        self.progress.fail(message, self._now())
        self._redraw()

    def _redraw(self) -> None:
        self.query_one("#steps", Board).redraw()

    def _lines(self, width: int, height: int) -> list[Line]:
        steps = self.progress.lines(self._now())
        head: Line = line(("   starting the cluster", "strong"))
        if self.progress.error:
            head = line(("   the cluster did not start", "bad"))
        return [EMPTY, head, EMPTY, *steps[-max(height - 3, 1) :]]
