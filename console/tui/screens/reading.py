"""One object as text: described or as YAML, kept current while it is read."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from console.tui import keys
from console.tui.model.desk import Desk
from console.tui.model.highlight import describe_line, yaml_line
from console.tui.model.sanitize import clean, clean_lines
from console.tui.model.spans import Line, Span, line, spread
from console.tui.model.texttitle import reading_place
from console.tui.model.views import Source, TextPlace
from console.tui.model.why import subject, why
from console.tui.screens.page import Delivered, Page
from console.tui.widgets.text import TextView
from controlplane.api import registry
from controlplane.api.objects import ApiObject, key_of

_STYLES = {"describe": describe_line, "yaml": yaml_line}


class TextPage(Page):
    """A page that shows text and searches it."""

    BINDINGS: ClassVar[list[BindingType]] = [binding for binding in keys.TEXT if binding.action in ("filter", "copy")]

    @property
    def view(self) -> TextView:
        return self.query_one(TextView)

    def filter_text(self) -> str:
        pattern = self.view.lines.pattern
        return pattern.pattern if pattern is not None else ""

    def check_filter(self, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            return f"{error.msg} in {text!r}"
        return ""

    def set_filter(self, text: str, *, done: bool) -> None:
        self.view.search(re.compile(text, re.IGNORECASE) if text else None)
        self.retitle()

    @on(TextView.Moved)
    def _view_moved(self) -> None:
        self.retitle()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.view.text())
        self.say(f"copied {len(self.view.lines)} lines")

    def action_back(self) -> None:
        if self.view.lines.pattern is not None:
            self.set_filter("", done=True)
        else:
            super().action_back()


class ReadingScreen(TextPage):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.DESCRIBE]

    def __init__(self, place: TextPlace, source: Source, desk: Desk) -> None:
        super().__init__(source, desk)
        self._target, self._form = place.target, place.form
        self._reveals = False
        self._is_gone = False

    def content(self) -> ComposeResult:
        yield TextView(_STYLES[self._form])

    def on_mount(self) -> None:
        target = self._target
        self.subscribe(target.kind, lambda obj: key_of(obj) == target.key)
        self.set_interval(1.0, self._tick)

    def on_delivered(self, event: Delivered) -> None:
        if event.batch.is_synced:
            self._read()

    def _tick(self) -> None:
        """Ages and events move on."""
        if self._form == "describe" and self.is_in_view:
            self._read()

    def _read(self) -> None:
        obj = self.source.get(self._target.kind, self._target.key)
        self._is_gone = obj is None
        if obj is not None:
            self.view.highlight = _STYLES[self._form]
            self.view.set_text(clean_lines(self._text_of(obj)))
            told = why(obj, self.source.events_of(obj), self.source.now())
            self.why(line((subject(obj), "strong"), "  ", (told, "plain")))
        elif not len(self.view.lines):
            self.view.set_text([f"{clean(str(self._target))} is not there"])
        self.retitle()

    def _text_of(self, obj: ApiObject) -> str:
        if self._form == "describe":
            return self.source.describe(self._target.kind, obj)
        return self.source.to_yaml(self._target.kind, obj, reveal=self._reveals)

    def title_line(self, width: int) -> Line:
        told = [Span(f" {self._form}  ", "strong"), Span(clean(str(self._target)), "accent")]
        if self._target.key.namespace:
            told += [Span("  ns:", "dim"), Span(clean(self._target.key.namespace))]
        if self._is_gone:
            told.append(Span("   deleted; this is how it last was", "wait"))
        return spread(tuple(told), reading_place(self.view), width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "form":
            return parameters[0] != self._form
        if action == "reveal":
            return self._form == "yaml" and self._target.kind is registry.SECRETS
        return True

    def action_form(self, form: Literal["describe", "yaml"]) -> None:
        self._form = form
        self.view.action_first()
        self._read()
        self.refresh_bindings()

    def action_reveal(self) -> None:
        self._reveals = not self._reveals
        self._read()
