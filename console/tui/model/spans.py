"""Lines of text whose pieces say what they mean; a widget's stylesheet says how that looks.

Everything on screen that is not a table is made of these, by pure functions that know the width they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from console.tui.model.sanitize import crop, pad, width

Role = Literal["plain", "strong", "dim", "faint", "accent", "ok", "wait", "bad", "key", "added", "removed"]
ROLES: tuple[Role, ...] = (
    "plain", "strong", "dim", "faint", "accent", "ok", "wait", "bad", "key", "added", "removed")  # fmt: skip


class Span(NamedTuple):
    text: str
    role: Role = "plain"


Line = tuple[Span, ...]
EMPTY: Line = ()


def line(*parts: Span | str | tuple[str, Role]) -> Line:
    """A line from spans, pairs or plain text."""
    return tuple(Span(part) if isinstance(part, str) else Span(*part) for part in parts)


def line_width(of: Iterable[Span]) -> int:
    return sum(width(span.text) for span in of)


def line_text(of: Iterable[Span]) -> str:
    return "".join(span.text for span in of)


def fit(of: Line, cells: int) -> Line:
    """The line in exactly `cells`: cut with an ellipsis, or filled with spaces."""
    missing = cells - line_width(of)
    if missing >= 0:
        return (*of, Span(" " * missing)) if missing else of
    kept: list[Span] = []
    room = cells
    for span in of:
        size = width(span.text)
        if size >= room:
            more = " " * (room - size + 1)
            kept.append(Span(pad(span.text + more, room), span.role))
            break
        kept.append(span)
        room -= size
    return tuple(kept)


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` and `right` at the two ends of a line; where both do not fit, the right one is left out."""
    gap = cells - line_width(left) - line_width(right)
    if gap < 2:
        return fit(left, cells)
    return (*left, Span(" " * gap), *right)


def beside(left: Sequence[Line], right: Sequence[Line], cells: int, *, gap: int = 2) -> list[Line]:
    """Two blocks of lines next to each other, each in half of the width."""
    half = (cells - gap) // 2
    rows = max(len(left), len(right))
    columns = [[*block, *[EMPTY] * (rows - len(block))] for block in (left, right)]
    return [
        (*fit(one, half), Span(" " * gap), *fit(other, cells - gap - half))
        for one, other in zip(*columns, strict=True)
    ]  # fmt: skip


def breaks(text: str, cells: int) -> list[int]:
    """Where the pieces of a cleaned text begin and the last one ends, when each takes at most `cells`; two at least."""
    if cells <= 0 or width(text) <= cells:
        return [0, len(text)]
    if text.isascii():
        return [*range(0, len(text), cells), len(text)]
    points = [0]
    while points[-1] < len(text):
        rest = text[points[-1] :]
        points.append(points[-1] + max(len(crop(rest, cells)), 1))
    return points


def overlay(of: Line, start: int, end: int, role: Role) -> Line:
    """The line with the characters from `start` to `end` in another role."""
    spans: list[Span] = []
    at = 0
    for span in of:
        low, high = (min(max(edge - at, 0), len(span.text)) for edge in (start, end))
        pieces = (span.text[:low], span.role), (span.text[low:high], role), (span.text[high:], span.role)
        spans += [Span(text, own) for text, own in pieces if text]
        at += len(span.text)
    return tuple(spans)


def slice_line(of: Line, start: int, end: int) -> Line:
    """The characters from `start` to `end`."""
    spans: list[Span] = []
    at = 0
    for span in of:
        piece = span.text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            spans.append(Span(piece, span.role))
        at += len(span.text)
    return tuple(spans)
