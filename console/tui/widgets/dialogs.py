"""Questions: a confirmation, and small forms. Each gives its answer to whoever opened it, None when it was given up.

What can be lost by a slip of the finger starts on Cancel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from console.tui import keys
from console.tui.model.sanitize import clean
from console.tui.widgets.frame import KeysLine

R = TypeVar("R")

_LISTED = 6


class _Dialog(ModalScreen[R]):
    """A box in the middle with a title, a body and two buttons. The keys line below is the box's own."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.DIALOG]
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, does: str) -> None:
        super().__init__()
        self._heading, self._does = clean(title), does

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self._heading, markup=False, classes="dialog--title")
            yield from self.body()
            yield Label("", markup=False, classes="dialog--error")
            with Horizontal(classes="dialog--buttons"):
                yield Button("cancel", id="cancel", compact=True)
                yield Button(self._does, id="go", compact=True)
        yield KeysLine()

    def on_mount(self) -> None:
        """What is typed from now on goes into the form."""
        for entry in self.query(Input):
            entry.cursor_blink = False
        self.set_focus(self.query(self.AUTO_FOCUS).first())

    def body(self) -> ComposeResult:
        yield from ()

    def answer(self) -> R:
        """What to give back. Raises ValueError when the form is not filled in right."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#go")
    @on(Input.Submitted)
    def _went(self) -> None:
        try:
            given = self.answer()
        except ValueError as error:
            self.query_one(".dialog--error", Label).update(str(error))
        else:
            self.dismiss(given)


class Confirm(_Dialog[bool]):
    """`subjects` are listed, the first few by name."""

    def __init__(self, title: str, does: str, *, subjects: Sequence[str], note: str = "") -> None:
        super().__init__(title, does)
        self._subjects, self._note = subjects, note

    def body(self) -> ComposeResult:
        for subject in self._subjects[:_LISTED]:
            yield Label(clean(subject), markup=False, classes="dialog--subject")
        if len(self._subjects) > _LISTED:
            yield Label(f"and {len(self._subjects) - _LISTED} more", markup=False)
        if self._note:
            yield Label(clean(self._note), markup=False, classes="dialog--note")

    def answer(self) -> bool:
        return True


class ScaleForm(_Dialog[int]):
    AUTO_FOCUS = "Input"

    def __init__(self, subject: str, replicas: int) -> None:
        super().__init__(f"scale {subject}", "scale")
        self._replicas = replicas

    def body(self) -> ComposeResult:
        yield Label(f"replicas, now {self._replicas}", markup=False, classes="dialog--note")
        yield Input(str(self._replicas), compact=True, type="integer", select_on_focus=True)

    def answer(self) -> int:
        text = self.query_one(Input).value.strip()
        if not text.isdecimal():
            raise ValueError("a number, 0 or more")
        return int(text)


class ImageForm(_Dialog[Mapping[str, str]]):
    """One field for each container; the answer holds those that were changed."""

    AUTO_FOCUS = "Input"

    def __init__(self, subject: str, images: Mapping[str, str]) -> None:
        super().__init__(f"image of {subject}", "set image")
        self._images = images

    def body(self) -> ComposeResult:
        for container, image in self._images.items():
            yield Label(clean(container), markup=False, classes="dialog--note")
            yield Input(clean(image), compact=True, select_on_focus=False, name=container)

    def answer(self) -> Mapping[str, str]:
        given = {entry.name or "": entry.value.strip() for entry in self.query(Input)}
        if not all(given.values()):
            raise ValueError("an image, such as nginx:1.27")
        changed = {name: image for name, image in given.items() if image != self._images[name]}
        if not changed:
            raise ValueError("nothing was changed")
        return changed
