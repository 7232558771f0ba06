"""The line that `:` and `/` open in place of the title. Tab completes, up and down recall what was typed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

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


def _anything(_text: str) -> str:
    return ""


class _FromModel(Suggester):
    """Asks the model, which knows at once."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._prompt = prompt

    async def get_suggestion(self, value: str) -> str | None:
        choices = self._prompt.choices(value)
        return choices[0] if choices else None


class Prompt(Horizontal):
    """Out of sight until it is opened. `sign` is `:` or `/`; `check` says what is wrong with the text so far, or nothing."""

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

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._sign, self._start = "", ""
        self._history: list[str] = []
        self._at = 0
        self._complete: Complete | None = None
        self._check: Check = _anything
        self.entry = Input(compact=True, select_on_focus=False, suggester=_FromModel(self))
        self.entry.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield Label("", markup=False, classes="prompt--sign")
        yield self.entry
        yield Label("", markup=False, classes="prompt--error")

    def open(
        self, sign: str, text: str, *, history: Sequence[str], check: Check = _anything, complete: Complete | None = None
    ) -> None:
        """Shows it, with `text` to begin with."""
        self._sign, self._start, self._check, self._complete = sign, text, check, complete
        self._history = [*history, text]
        self._at = len(history)
        self.query_one(".prompt--sign", Label).update(f" {sign}")
        self._write(text)
        self.display = True

    def choices(self, text: str) -> Sequence[str]:
        """What the text may be completed to."""
        return self._complete(text) if self._complete is not None and text.strip() else ()

    def _write(self, text: str) -> None:
        self.entry.value = text
        self.entry.cursor_position = len(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.display:
            return
        wrong = self._check(event.value)
        self.query_one(".prompt--error", Label).update(clean(wrong))
        if not wrong:
            self.post_message(self.Changed(self._sign, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self._sign, event.value))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "complete" or self._complete is not None

    def action_cancel(self) -> None:
        self.post_message(self.Left(self._sign, self._start))

    def action_complete(self) -> None:
        choices = self.choices(self.entry.value)
        if choices:
            self._write(choices[0] + " ")

    def action_recall(self, step: int) -> None:
        self._at = max(0, min(self._at + step, len(self._history) - 1))
        self._write(self._history[self._at])
