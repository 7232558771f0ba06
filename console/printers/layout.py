"""Lines of cells under each other. Two rules, both kubectl's:

- a *grid* has three spaces between columns, a column is at least six wide, and widths only grow, so that rows which arrive
  later (a watch) stand under the earlier ones;
- *tabbed* text lines up the cells of neighbouring lines only, two spaces apart; a line without tabs ends the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_GRID_GAP = 3
_GRID_LEAST = 6
_TABBED_GAP = 2


class Grid:
    """Remembers the widths of what it has laid out."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """Each row as a line. Nothing is put after a row's last cell."""
        held = list(rows)
        for row in held:
            self._fit(row)
        return [self._line(row) for row in held]

    def _fit(self, row: Sequence[str]) -> None:
        self._widths.extend([_GRID_LEAST] * (len(row) - len(self._widths)))
        for index, cell in enumerate(row[:-1]):
            self._widths[index] = max(self._widths[index], len(cell) + _GRID_GAP)

    def _line(self, row: Sequence[str]) -> str:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], self._widths, strict=False)]
        return "".join((*padded, *row[-1:]))


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def escaped(text: str) -> str:
    """The text without what would steer a terminal: `^[` instead of an escape, `^M` instead of a return."""
    return _CONTROLS.sub(lambda found: _visible(ord(found[0])), text)


def _visible(code: int) -> str:
    return f"^{chr(code ^ 64)}" if code < 128 else f"\\x{code:02x}"


def cell(text: str) -> str:
    """The text as one cell: its first line, with a sign that there is more, and nothing that steers a terminal."""
    first, more, _ = text.replace("\f", "\n").replace("\r", "\n").partition("\n")
    return escaped(first) + ("..." if more else "")


def tabbed(text: str, *, gap: int = _TABBED_GAP) -> str:
    """The text with every tab made so many spaces that cells which follow a tab line up with those above and below."""
    rows = [line.split("\t") for line in text.split("\n")]
    for column in range(max(map(len, rows)) - 1):
        _widen(rows, column, gap)
    return "\n".join("".join(row) for row in rows)


def _widen(rows: list[list[str]], column: int, gap: int) -> None:
    block: list[list[str]] = []
    for row in [*rows, []]:
        if len(row) > column + 1:
            block.append(row)
        elif block:
            width = max(len(member[column]) for member in block) + gap
            for member in block:
                member[column] = member[column].ljust(width)
            block = []
