"""A part of the screen that a pure function draws: header, titles, help, rollouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.strip import Strip
from textual.widget import Widget

from console.tui.model.spans import EMPTY, Line
from console.tui.widgets.strips import ROLE_CLASSES, role_styles, to_strip

Draw = Callable[[int, int], Sequence[Line]]


class Board(Widget):
    """`draw(width, height)` gives the lines; call `redraw` when it would give others."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self, draw: Draw, **options: Any) -> None:
        super().__init__(**options)
        self._draw = draw
        self._lines: Sequence[Line] | None = None
        self._drawn_for = (0, 0)

    def redraw(self) -> None:
        self._lines = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        size = (self.size.width, self.size.height)
        if self._lines is None or self._drawn_for != size:
            self._lines, self._drawn_for = self._draw(*size), size
        line = self._lines[y] if y < len(self._lines) else EMPTY
        return to_strip(line, role_styles(self), size[0])
