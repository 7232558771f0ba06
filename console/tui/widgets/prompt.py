"""The line that `:` and `/` open in place of the title. Tab completes, up and down recall what was typed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

from console.tui import keys
from console.tui.model.sanitize import clean

Complete = Callable[[str], Sequence[str]]
Check = Callable[[str], str]


class _FromModel(Suggester):
    """Asks the model, which knows at once."""

    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        choices = self._complete(value) if value.strip() else ()
        return choices[0] if choices else None


class Prompt(Horizontal):
    """`sign` is `:` or `/`. `check` says what is wrong with the text so far, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.PROMPT]

    @dataclass
    class Changed(Message):
        sign: str
        text: str

    @dataclass
    class Entered(Message):
        sign: str
        text: str

    @dataclass
    class Left(Message):
        """Given up; `text` was there before and holds again."""

        sign: str
        text: str

    def __init__(
        self, sign: str, text: str, *, history: Sequence[str], complete: Complete | None = None, check: Check | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.sign = sign
        self._start = text
        self._history = [*history, text]
        self._at = len(history)
        self._complete, self._check = complete, check

    def compose(self) -> ComposeResult:
        yield Label(f" {self.sign}", markup=False, classes="prompt--sign")
        yield Input(
            self._start, compact=True, select_on_focus=False,
            suggester=_FromModel(self._complete) if self._complete else None)  # fmt: skip
        yield Label("", markup=False, classes="prompt--error")

    def on_mount(self) -> None:
        entry = self.query_one(Input)
        entry.cursor_blink = False
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        wrong = self._check(event.value) if self._check else ""
        self.query_one(".prompt--error", Label).update(clean(wrong))
        if not wrong:
            self.post_message(self.Changed(self.sign, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self.sign, event.value))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "complete" or self._complete is not None

    def action_cancel(self) -> None:
        self.post_message(self.Left(self.sign, self._start))

    def action_complete(self) -> None:
        entry = self.query_one(Input)
        choices = self._complete(entry.value) if self._complete else ()
        if choices:
            entry.value = choices[0] + " "
            entry.cursor_position = len(entry.value)

    def action_recall(self, step: int) -> None:
        self._at = max(0, min(self._at + step, len(self._history) - 1))
        entry = self.query_one(Input)
        entry.value = self._history[self._at]
        entry.cursor_position = len(entry.value)
