"""The right end of a text page's title: where one is, what was found, how the text is shown."""

from __future__ import annotations

from typing import Protocol

from console.tui.model.sanitize import clean
from console.tui.model.scroll import Scroll
from console.tui.model.spans import Line, Span


class Read(Protocol):
    """What there is to tell about a view of text."""

    wrapping: bool
    found_at: int | None

    @property
    def lines(self) -> Scroll: ...

    @property
    def position(self) -> tuple[int, int]: ...


def reading_place(of: Read) -> Line:
    spans: list[Span] = []
    pattern = of.lines.pattern
    if pattern is not None:
        spans += [Span(f"/{clean(pattern.pattern)} ", "accent"), Span(f"{_matches(of)}  ", "dim")]
    if of.wrapping:
        spans.append(Span("wrap  ", "dim"))
    last, total = of.position
    spans.append(Span(f"{last}/{total} ", "dim"))
    return tuple(spans)


def _matches(of: Read) -> str:
    matches = of.lines.matches
    if not matches:
        return "not found"
    if of.found_at in matches:
        return f"{matches.index(of.found_at) + 1} of {len(matches)}"
    return f"{len(matches)} found"
