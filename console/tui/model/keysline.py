"""The bottom line: what the keys do here. Names that do not fit are left to the help screen, which is always named."""

from __future__ import annotations

from collections.abc import Sequence

from console.tui.model.spans import Line, Span, fit, line_width

_GAP = Span("  ")


def keys_line(hints: Sequence[tuple[str, str]], last: Sequence[tuple[str, str]], cells: int) -> Line:
    """`hints` and `last` are pairs of key and meaning; `last` stands at the end and stays."""
    end = _row(last)
    room = cells - line_width(end) - 1
    shown: Line = (Span(" "),)
    told: set[str] = set()
    for key, meaning in hints:
        if meaning in told:
            continue
        told.add(meaning)
        longer = (*shown, *_hint(key, meaning), _GAP)
        if line_width(longer) > room:
            break
        shown = longer
    return fit((*shown, *end), cells)


def _row(hints: Sequence[tuple[str, str]]) -> Line:
    return tuple(span for key, meaning in hints for span in (*_hint(key, meaning), _GAP))


def _hint(key: str, meaning: str) -> Line:
    return (Span(key, "accent"), Span(f" {meaning}", "dim"))
