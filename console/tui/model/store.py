"""The rows of one list: sorted, filtered, with marks on what changed a moment ago and on what the operator picked.

Knows nothing of screens. `now` is handed in; marks fade `MARK_SECONDS` after they were set.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from console.printers.columns import Column
from console.tui.model.query import EVERYTHING, Query
from console.tui.model.rows import CLOCKS, Row, SortValue, sort_value
from controlplane.api.objects import Key

MARK_SECONDS = 2.0
# From this many rows on a batch is cheaper to sort as a whole than to insert one by one.
_BULK = 64

_Entry = tuple[SortValue, Key]


@dataclass(frozen=True, slots=True)
class Mark:
    """What changed: `cells` maps a column's index to ↑, ↓ or ∙; empty for a row that is new."""

    until: float
    cells: dict[int, str]


class Store:
    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.sort_column = 0
        self.descending = False
        self.query: Query = EVERYTHING
        self.picked: set[Key] = set()
        # Moves whenever rows come, go or change places; while it rests, every row stands where it stood.
        self.shape = 0
        self._rows: dict[Key, Row] = {}
        self._order: list[_Entry] = []
        self._marks: dict[Key, Mark] = {}

    def __len__(self) -> int:
        """How many rows the filter keeps."""
        return len(self._order)

    @property
    def total(self) -> int:
        return len(self._rows)

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def at(self, index: int) -> Row:
        entry = self._order[-1 - index if self.descending else index]
        return self._rows[entry[1]]

    def index_of(self, key: Key) -> int | None:
        """Where the row stands, or None if there is none or the filter hides it."""
        row = self._rows.get(key)
        if row is None:
            return None
        place = self._place(self._entry(row))
        if place is None:
            return None
        return len(self._order) - 1 - place if self.descending else place

    def rows(self) -> Iterator[Row]:
        """The rows kept, in order."""
        entries = reversed(self._order) if self.descending else iter(self._order)
        return (self._rows[entry[1]] for entry in entries)

    def mark(self, key: Key) -> Mark | None:
        return self._marks.get(key)

    def put(self, rows: Sequence[Row], now: float, *, marked: bool = True) -> None:
        """Takes rows in, new ones and new versions. `marked` is False for those that were there before anybody looked."""
        bulk = len(rows) > _BULK and len(rows) * 4 > len(self._order)
        for row in rows:
            old = self._rows.get(row.key)
            if marked:
                self._note(old, row, now)
            if not bulk:
                self._replace(old, row)
            self._rows[row.key] = row
        if bulk:
            self._rebuild()

    def refresh(self, row: Row) -> None:
        """A new rendering of a row that is known: nothing but the clock moved."""
        if row.key in self._rows:
            self._replace(self._rows[row.key], row)
            self._rows[row.key] = row

    def remove(self, keys: Iterable[Key]) -> None:
        for key in keys:
            old = self._rows.get(key)
            if old is not None:
                self._take_out(old)
                del self._rows[key]
                self._marks.pop(key, None)
                self.picked.discard(key)

    def clear(self) -> None:
        self.shape += 1
        self._rows.clear()
        self._order.clear()
        self._marks.clear()
        self.picked.clear()

    def sort(self, column: int, *, descending: bool) -> None:
        self.sort_column, self.descending = column, descending
        self._rebuild()

    def filter(self, query: Query) -> None:
        self.query = query
        self._rebuild()

    def toggle_picked(self, key: Key) -> None:
        self.picked ^= {key}

    def fade(self, now: float) -> list[Key]:
        """Drops the marks that are over and says whose they were."""
        over = [key for key, mark in self._marks.items() if mark.until <= now]
        for key in over:
            del self._marks[key]
        return over

    def _note(self, old: Row | None, new: Row, now: float) -> None:
        if old is None:
            self._marks[new.key] = Mark(now + MARK_SECONDS, {})
            return
        changed = {
            index: _direction(sort_value(old, column, index), sort_value(new, column, index))
            for index, column in enumerate(self.columns)
            if column.name not in CLOCKS and old.cells[index] != new.cells[index]
        }
        if changed:
            known = self._marks.get(new.key)
            before = known.cells if known else {}
            self._marks[new.key] = Mark(now + MARK_SECONDS, {**before, **changed})

    def _replace(self, old: Row | None, new: Row) -> None:
        """Puts the row where it belongs. `self._rows` still holds the old one."""
        entry = self._entry(new)
        if old is not None:
            if entry == self._entry(old) and self._place(entry) is not None and self.query.keeps(new):
                return
            self._take_out(old)
        if self.query.keeps(new):
            self.shape += 1
            insort(self._order, entry)

    def _take_out(self, row: Row) -> None:
        place = self._place(self._entry(row))
        if place is not None:
            self.shape += 1
            del self._order[place]

    def _place(self, entry: _Entry) -> int | None:
        place = bisect_left(self._order, entry)
        return place if place < len(self._order) and self._order[place] == entry else None

    def _entry(self, row: Row) -> _Entry:
        return sort_value(row, self.columns[self.sort_column], self.sort_column), row.key

    def _rebuild(self) -> None:
        self.shape += 1
        self._order = sorted(self._entry(row) for row in self._rows.values() if self.query.keeps(row))


def _direction(old: SortValue, new: SortValue) -> str:
    if old[0] == new[0] == 0 and old[1] != new[1]:
        return "↑" if new[1] > old[1] else "↓"
    return "∙"
