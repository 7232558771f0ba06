"""A list's rows as lines of spans: what stands where in a row, and how its state and its changes are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.printers.columns import Column
from console.tui.model.columns import Placed
from console.tui.model.rows import CLOCKS, Row, is_blank
from console.tui.model.sanitize import pad, width
from console.tui.model.spans import Line, Role, Span
from console.tui.model.states import State
from console.tui.model.store import Mark, Store

_STATE_COLUMNS = frozenset({"STATUS", "TYPE", "STATE"})
_FRACTION = re.compile(r"(\d+)/(\d+)$")
# So many rows decide on the widths; the widths of all of 50,000 would cost more than they tell.
_MEASURED = 2_000


@dataclass(frozen=True, slots=True)
class Looks:
    """What sets a row apart from the others of its list."""

    at_cursor: bool = False
    picked: bool = False
    mark: Mark | None = None
    highlight: re.Pattern[str] | None = None


def measure(columns: Sequence[Column], rows: Iterable[Row]) -> tuple[list[int], list[bool]]:
    """The width that each column's cells need, and whether anything is in it. The first rows decide."""
    widths, filled = [0] * len(columns), [False] * len(columns)
    for count, row in enumerate(rows):
        if count == _MEASURED:
            break
        widen(widths, filled, (row,))
    return widths, filled


def widen(widths: list[int], filled: list[bool], rows: Iterable[Row]) -> bool:
    """Makes room for more rows. True if that changed anything."""
    grown = False
    for index, cell in ((index, cell) for row in rows for index, cell in enumerate(row.cells)):
        size = width(cell)
        if size > widths[index]:
            widths[index], grown = size, True
        if not filled[index] and not is_blank(cell):
            filled[index] = grown = True
    return grown


def head_line(placed: Sequence[Placed], store: Store) -> Line:
    """The columns' names, with an arrow at the one that the rows are sorted by."""
    spans: list[Span] = []
    x = 0
    for place in placed:
        spans.append(Span(" " * (place.x - x), "dim"))
        name, column = pad(place.column.name, place.width, right=place.column.right), place.column
        x = place.x + place.width
        if place.index != store.sort_column:
            spans.append(Span(name, "dim"))
            continue
        arrow = "↓" if store.descending else "↑"
        room = place.width if column.right else len(column.name)
        spans += [Span(name[:room], "accent"), Span(arrow, "accent"), Span(name[room:][1:], "dim")]
        x += room == place.width
    return tuple(span for span in spans if span.text)


def row_line(row: Row, placed: Sequence[Placed], looks: Looks) -> Line:
    spans: list[Span] = [
        _bar(looks), Span(row.state.glyph, row.state.role)]  # fmt: skip
    x = 2
    after: Span | None = None
    for place in placed:
        gap = place.x - x
        spans.append(Span(" ") if after is None else after)
        if gap > 1:
            spans.append(Span(" " * (gap - 1)))
        changed = looks.mark.cells.get(place.index) if looks.mark else None
        spans.extend(_cell(row, place, looks, changed=changed is not None))
        after = Span(changed, "accent") if changed else None
        x = place.x + place.width
    if after is not None:
        spans.append(after)
    return tuple(spans)


def _bar(looks: Looks) -> Span:
    if looks.picked:
        return Span("✓", "accent")
    if looks.at_cursor:
        return Span("▌", "accent")
    if looks.mark is not None and not looks.mark.cells:
        return Span("+", "accent")
    return Span(" ")


def _cell(row: Row, place: Placed, looks: Looks, *, changed: bool) -> Line:
    text = row.cells[place.index]
    shown = pad(text, place.width, right=place.column.right, keep_end=place.keep_end)
    role = "accent" if changed or looks.picked else _role(row, place.column, text)
    found = looks.highlight.search(shown) if looks.highlight else None
    if found is None or found.end() == found.start():
        return (Span(shown, role),)
    pieces = (
        Span(shown[: found.start()], role), Span(found[0], "key"), Span(shown[found.end() :], role))  # fmt: skip
    return tuple(piece for piece in pieces if piece.text)


def _role(row: Row, column: Column, text: str) -> Role:
    if is_blank(text):
        return "faint"
    if column.name in _STATE_COLUMNS and row.state not in (State.WELL, State.QUIET):
        return row.state.role
    if row.state in (State.ENDED, State.LEAVING):
        return "dim"
    if column.name == "READY" and (found := _FRACTION.match(text)) and found[1] != found[2]:
        return "wait"
    return "dim" if column.name in CLOCKS or column.wide else "plain"
