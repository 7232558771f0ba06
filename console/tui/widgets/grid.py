"""A list of any length: only the lines on screen are ever drawn.

The cursor belongs to a row, not to a line: it stays with its object when others come and go. Until it is first moved it
rests on the first line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.tui import keys
from console.tui.model.columns import Placed, place
from console.tui.model.gridlines import Looks, head_line, measure, row_line, widen
from console.tui.model.rows import Row
from console.tui.model.spans import Role, line
from console.tui.model.store import Store
from console.tui.widgets.strips import ROLE_CLASSES, background, role_styles, to_strip
from controlplane.api.objects import Key

_MOST_STRIPS = 4096


class Grid(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES, "grid--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [*keys.GRID]

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or the row under it is another version."""

        row: Row | None

    @dataclass
    class Chosen(Message):
        """Clicked twice."""

    @dataclass
    class HeadClicked(Message):
        """`index` is the column's."""

        index: int

    def __init__(self, store: Store, *, empty: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._store = store
        self._empty = empty
        self._wide = False
        self._shape = -1
        self._index = 0
        self._at: Key | None = None
        self._untouched = True
        self._told: Row | None = None
        self._widths: list[int] = []
        self._filled: list[bool] = []
        self._columns: tuple[Placed, ...] = ()
        self._strips: dict[Key, tuple[Row, Strip]] = {}
        self._looks: tuple[dict[Role, Style], dict[Role, Style]] | None = None

    # What the screen tells.

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._store.at(self._index) if self._index < len(self._store) else None

    def visible_keys(self) -> list[Key]:
        return [self._store.at(index).key for index in self._window()]

    def show_empty(self, text: str) -> None:
        """What to say while there are no rows. Cleaned text."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    def show_wide(self, wide: bool) -> None:
        self._wide = wide
        self.reset()

    def use(self, store: Store) -> None:
        """Shows other rows, from the top."""
        self._store, self._untouched, self._at, self._index = store, True, None, 0
        self.reset()

    def reset(self) -> None:
        """Everything may be different: another order, filter, width or set of columns."""
        self._widths, self._filled = measure(self._store.columns, self._store.rows())
        self._place_columns()
        self._settle()

    def update_rows(self, keys_of_changed: Iterable[Key]) -> None:
        """The store took in or lost rows."""
        changed = list(keys_of_changed)
        rows = [row for key in changed if (row := self._store.get(key)) is not None]
        if not self._widths:
            self._widths, self._filled = measure(self._store.columns, rows)
            self._place_columns()
        elif widen(self._widths, self._filled, rows):
            self._place_columns()
        if self._shape != self._store.shape:
            self._settle()
        else:
            self.redraw_rows(changed)

    def redraw_rows(self, changed: Sequence[Key]) -> None:
        """Draws those of the rows again that are on screen."""
        wanted = set(changed)
        top = int(self.scroll_offset.y)
        for index in self._window():
            if self._store.at(index).key in wanted:
                self.refresh(Region(0, index - top + 1, self.size.width, 1))
        self._tell()

    def _settle(self) -> None:
        """Finds the cursor's row again, after rows have moved."""
        self._shape = self._store.shape
        found = None if self._untouched or self._at is None else self._store.index_of(self._at)
        if found is not None:
            self._index = found
        self._index = max(0, min(self._index, len(self._store) - 1))
        self.virtual_size = Size(self.size.width, len(self._store) + 1)
        if len(self._strips) > _MOST_STRIPS:
            self._strips.clear()
        self._scroll_to_cursor()
        self.refresh()
        self._tell()

    def _tell(self) -> None:
        row = self.current
        self._at = row.key if row is not None else None
        if row is not self._told:
            self._told = row
            self.post_message(self.Moved(row))

    def _place_columns(self) -> None:
        self._strips.clear()
        if self._widths:
            self._columns = place(
                self._store.columns, self._widths, self.size.width, filled=self._filled, all_wide=self._wide)  # fmt: skip
        self.refresh()

    def _window(self) -> range:
        """The indexes of the rows on screen."""
        top = int(self.scroll_offset.y)
        return range(top, min(top + max(self.size.height - 1, 0), len(self._store)))

    # Drawing.

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._looks = None
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        cells = self.size.width
        plain, at_cursor = self._styles()
        if y == 0:
            return to_strip(head_line(self._columns, self._store), plain, cells)
        index = int(self.scroll_offset.y) + y - 1
        if index >= len(self._store):
            text = self._empty if y == 2 and not len(self._store) else ""
            return to_strip(line(("   " + text, "dim")), plain, cells)
        row = self._store.at(index)
        if index == self._index:
            return to_strip(row_line(row, self._columns, self._looks_of(row, at_cursor=True)), at_cursor, cells)
        return self._row_strip(row, plain, cells)

    def _row_strip(self, row: Row, plain: dict[Role, Style], cells: int) -> Strip:
        looks = self._looks_of(row, at_cursor=False)
        steady = looks.mark is None and not looks.picked
        known = self._strips.get(row.key)
        if steady and known is not None and known[0] is row:
            return known[1]
        strip = to_strip(row_line(row, self._columns, looks), plain, cells)
        if steady:
            self._strips[row.key] = (row, strip)
        return strip

    def _looks_of(self, row: Row, *, at_cursor: bool) -> Looks:
        return Looks(at_cursor, row.key in self._store.picked, self._store.mark(row.key), self._store.query.highlight)

    def _styles(self) -> tuple[dict[Role, Style], dict[Role, Style]]:
        if self._looks is None:
            over = background(self.get_component_rich_style("grid--cursor"))
            self._looks = role_styles(self), role_styles(self, over=over)
        return self._looks

    # Moving.

    def on_resize(self) -> None:
        if self._widths:
            self._place_columns()
        self.virtual_size = Size(self.size.width, len(self._store) + 1)
        self._scroll_to_cursor()

    def go_to(self, index: int) -> None:
        self._untouched = False
        old, self._index = self._index, max(0, min(index, len(self._store) - 1))
        top = int(self.scroll_offset.y)
        self._scroll_to_cursor()
        if int(self.scroll_offset.y) == top:
            for changed in {old, self._index}:
                self.refresh(Region(0, changed - top + 1, self.size.width, 1))
        self._tell()

    def _scroll_to_cursor(self) -> None:
        top, rows = int(self.scroll_offset.y), max(self.size.height - 1, 1)
        if self._index < top:
            self.scroll_to(y=self._index, animate=False, force=True)
        elif self._index >= top + rows:
            self.scroll_to(y=self._index - rows + 1, animate=False, force=True)

    def action_down(self) -> None:
        self.go_to(self._index + 1)

    def action_up(self) -> None:
        self.go_to(self._index - 1)

    def action_page_down(self) -> None:
        self.go_to(self._index + max(self.size.height - 2, 1))

    def action_page_up(self) -> None:
        self.go_to(self._index - max(self.size.height - 2, 1))

    def action_first(self) -> None:
        self.go_to(0)

    def action_last(self) -> None:
        self.go_to(len(self._store) - 1)

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            hit = next((p for p in self._columns if p.x <= event.x < p.x + p.width), None)
            if hit is not None:
                self.post_message(self.HeadClicked(hit.index))
            return
        index = int(self.scroll_offset.y) + event.y - 1
        if index < len(self._store):
            self.go_to(index)
            if event.chain == 2:
                self.post_message(self.Chosen())
