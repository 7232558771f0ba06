"""The help screen: what every key does here, made from the bindings that are live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.tui.model.sanitize import pad, width
from console.tui.model.spans import EMPTY, Line, Span, fit

Hint = tuple[str, str]

_COLUMN = 40
_KEY = 10
_SIGNS = (
    ("● ◐ ▲", "well, not yet, needs care"),
    ("○ ◌", "ended, going away"),
    ("✓ + ∙ ↑ ↓", "marked, new, changed"),
)
_TYPED = (
    (":po web-ns /text", "kind, where, which"),
    (":po app=web", "by label"),
    (":ns NAME", "another namespace"),
    (":theme light", "dark or light"),
    ("/text /!text", "that match, or not"),
    ("/-l app=web", "by label"),
    ("/status!=Running", "also = ~ !~ < >"),
)


def page(groups: Mapping[str, Sequence[Hint]], *, cells: int) -> list[Line]:
    """`groups` maps a heading to pairs of key and meaning. The longest stands first."""
    blocks = sorted((_block(heading, hints) for heading, hints in groups.items() if hints), key=len, reverse=True)
    blocks += [_block("typed", _TYPED), _block("signs", _SIGNS)]
    across = max(1, min(3, cells // _COLUMN))
    columns: list[list[Line]] = [[] for _ in range(across)]
    for block in blocks:
        shortest = min(columns, key=len)
        shortest += block
    return [EMPTY, *_side_by_side(columns, cells // across)]


def _block(heading: str, hints: Sequence[Hint]) -> list[Line]:
    key = max(_KEY, *(width(left) + 2 for left, _ in hints))
    rows: list[Line] = [(Span("   "), Span(pad(left, key), "accent"), Span(told)) for left, told in hints]
    return [(Span(f"   {heading}", "strong"),), *rows, EMPTY]


def _side_by_side(columns: Sequence[Sequence[Line]], cells: int) -> list[Line]:
    lines: list[Line] = []
    for index in range(max(map(len, columns))):
        parts = [column[index] if index < len(column) else EMPTY for column in columns]
        lines.append(tuple(span for part in parts for span in fit(part, cells)))
    return lines
