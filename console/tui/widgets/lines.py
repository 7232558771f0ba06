"""A page of lines that a pure function lays out for a width; it scrolls where it is too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.tui import keys
from console.tui.model.spans import EMPTY, Line
from console.tui.widgets.strips import ROLE_CLASSES, role_styles, to_strip

_MOVES = [binding for binding in keys.TEXT if binding.action in ("down", "up", "page_down", "page_up", "first", "last")]


class LinesView(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [*_MOVES]

    def __init__(self, draw: Callable[[int], Sequence[Line]], **options: Any) -> None:
        super().__init__(**options)
        self._draw = draw
        self._lines: Sequence[Line] = ()

    def on_resize(self) -> None:
        self._lines = self._draw(self.size.width)
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index = int(self.scroll_offset.y) + y
        line = self._lines[index] if index < len(self._lines) else EMPTY
        return to_strip(line, role_styles(self), self.size.width)

    def _by(self, lines: int) -> None:
        self.scroll_to(y=max(int(self.scroll_offset.y) + lines, 0), animate=False, force=True)

    def action_down(self) -> None:
        self._by(1)

    def action_up(self) -> None:
        self._by(-1)

    def action_page_down(self) -> None:
        self._by(max(self.size.height - 1, 1))

    def action_page_up(self) -> None:
        self._by(-max(self.size.height - 1, 1))

    def action_first(self) -> None:
        self._by(-len(self._lines))

    def action_last(self) -> None:
        self._by(len(self._lines))
