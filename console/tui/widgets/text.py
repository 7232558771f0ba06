"""Text of any length, drawn line by line: descriptions, YAML, logs. Searches, wraps, follows its end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from console.tui import keys
from console.tui.model.scroll import Scroll
from console.tui.model.spans import EMPTY, Line, Span, overlay, slice_line
from console.tui.model.views import LogLine
from console.tui.widgets.strips import ROLE_CLASSES, role_styles, to_strip

Highlight = Callable[[str], Line]
_TEXT_KEYS = [binding for binding in keys.TEXT if binding.id not in ("text.search", "text.copy")]


class TextView(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES}
    BINDINGS: ClassVar[list[BindingType]] = [*_TEXT_KEYS]

    @dataclass
    class Moved(Message):
        """What the title tells has changed: place, search, wrapping, following."""

    def __init__(self, highlight: Highlight, *, follow: bool = False, limit: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.highlight = highlight
        self.following = follow
        self.wrapping = False
        self.found_at: int | None = None
        self._scroll = Scroll() if limit is None else Scroll(limit=limit)

    @property
    def lines(self) -> Scroll:
        return self._scroll

    @property
    def position(self) -> tuple[int, int]:
        """The last line on screen, and how many there are."""
        if not len(self._scroll):
            return 0, 0
        last = min(int(self.scroll_offset.y) + self.size.height, self._scroll.height) - 1
        return self._scroll.at(max(last, 0))[0] + 1, len(self._scroll)

    def set_text(self, lines: Sequence[str]) -> None:
        """Other text in place of the present one; the view stays where it is."""
        fresh = [LogLine(text) for text in lines]
        if len(fresh) == len(self._scroll) and all(self._scroll[i] == line for i, line in enumerate(fresh)):
            return
        self._scroll.replace(fresh)
        self._scroll.search(self._scroll.pattern)
        self._changed()

    def append(self, lines: Sequence[LogLine]) -> None:
        gone = self._scroll.append(lines)
        if gone and not self.following:
            self.scroll_to(y=max(self.scroll_offset.y - gone, 0), animate=False, force=True)
        self._changed()

    def clear(self) -> None:
        self._scroll.replace([])
        self.found_at = None
        self._changed()

    def search(self, pattern: re.Pattern[str] | None) -> None:
        self._scroll.search(pattern)
        self.found_at = None
        if pattern is not None:
            self._go_to_match(forward=True, start=self._scroll.at(int(self.scroll_offset.y))[0] - 1)
        self.refresh_bindings()
        self.refresh()

    def text(self) -> str:
        return "\n".join(self._scroll[index].text for index in range(len(self._scroll)))

    def _changed(self) -> None:
        width = max(self._scroll.widest, 1) if not self.wrapping else self.size.width
        self.virtual_size = Size(width, self._scroll.height)
        if self.following:
            self._to_end()
        self.refresh()
        self.post_message(self.Moved())

    def _to_end(self) -> None:
        self.scroll_to(y=max(self._scroll.height - self.size.height, 0), animate=False, force=True)

    def on_resize(self) -> None:
        self._scroll.wrap(self.size.width if self.wrapping else 0)
        self._changed()

    # Drawing.

    def render_line(self, y: int) -> Strip:
        cells, styles = self.size.width, role_styles(self)
        at = int(self.scroll_offset.y) + y
        if at >= self._scroll.height:
            return to_strip(EMPTY, styles, cells)
        index, piece = self._scroll.at(at)
        shown = self._line(index)
        if self.wrapping:
            points = self._scroll.breaks(self._scroll[index])
            return to_strip(slice_line(shown, points[piece], points[piece + 1]), styles, cells)
        x = int(self.scroll_offset.x)
        whole = to_strip(self._selected(shown, index), styles, max(x + cells, self._scroll.widest))
        return whole.crop(x, x + cells).apply_offsets(x, index)

    def _line(self, index: int) -> Line:
        entry = self._scroll[index]
        shown = self.highlight(entry.text)
        if self._scroll.pattern is not None:
            for found in self._scroll.pattern.finditer(entry.text):
                shown = overlay(shown, found.start(), found.end(), "key")
        return (Span(entry.source, "accent"), Span("  "), *shown) if entry.source else shown

    def _selected(self, shown: Line, index: int) -> Line:
        selection = self.text_selection
        span = None if selection is None else selection.get_span(index)
        if span is None:
            return shown
        start, end = span
        return overlay(shown, start, sum(len(s.text) for s in shown) if end < 0 else end, "key")

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        whole = "\n".join("".join(span.text for span in self._line(i)) for i in range(len(self._scroll)))
        return selection.extract(whole), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    # Moving.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._scroll.pattern is not None if action in ("next", "previous") else True

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def _by(self, lines: int) -> None:
        top = int(self.scroll_offset.y) + lines
        if lines < 0:
            self.following = False
        self.scroll_to(y=max(top, 0), animate=False, force=True)

    def action_down(self) -> None:
        self._by(1)

    def action_up(self) -> None:
        self._by(-1)

    def action_page_down(self) -> None:
        self._by(max(self.size.height - 1, 1))

    def action_page_up(self) -> None:
        self._by(-max(self.size.height - 1, 1))

    def action_first(self) -> None:
        self.following = False
        self.scroll_to(y=0, animate=False, force=True)

    def action_last(self) -> None:
        self._to_end()

    def action_left(self) -> None:
        self.scroll_to(x=max(self.scroll_offset.x - 8, 0), animate=False, force=True)

    def action_right(self) -> None:
        self.scroll_to(x=self.scroll_offset.x + 8, animate=False, force=True)

    def action_wrap(self) -> None:
        top, _ = self._scroll.at(int(self.scroll_offset.y)) if len(self._scroll) else (0, 0)
        self.wrapping = not self.wrapping
        self._scroll.wrap(self.size.width if self.wrapping else 0)
        self._changed()
        if len(self._scroll) and not self.following:
            self.scroll_to(x=0, y=self._scroll.start_of(top), animate=False, force=True)

    def action_next(self) -> None:
        self._go_to_match(forward=True)

    def action_previous(self) -> None:
        self._go_to_match(forward=False)

    def _go_to_match(self, *, forward: bool, start: int | None = None) -> None:
        if start is None:
            start = self.found_at if self.found_at is not None else self._scroll.at(int(self.scroll_offset.y))[0]
        found = self._scroll.match_after(start, forward=forward)
        if found is None:
            return
        self.found_at, self.following = found, False
        top, y = int(self.scroll_offset.y), self._scroll.start_of(found)
        if not top <= y < top + self.size.height - 1:
            self.scroll_to(y=max(y - self.size.height // 3, 0), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())
