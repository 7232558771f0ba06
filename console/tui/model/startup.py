"""The steps of a cluster's start, as they are shown while it comes up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from console.tui.model.sanitize import clean, pad
from console.tui.model.spans import EMPTY, Line, Role, Span

_LOOKS: dict[str, tuple[str, Role]] = {"doing": ("◐", "wait"), "done": ("●", "ok"), "failed": ("▲", "bad")}


class Step(Protocol):
    """One report; `state` is `doing` or `done`. A later one of the same name takes the place of the earlier."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """`took` is in seconds, None while it runs."""

    state: str
    detail: str
    since: float
    took: float | None = None


class Progress:
    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self.error = ""

    def take(self, step: Step, now: float) -> None:
        known = self._entries.get(step.name)
        since = known.since if known is not None else now
        took = None if step.state == "doing" else now - since
        self._entries[step.name] = Entry(step.state, step.text, since, took)

    def fail(self, message: str, now: float) -> None:
        """Ended by an error: whatever was running has failed."""
        self.error = message
        for name, entry in self._entries.items():
            if entry.state == "doing":
                self._entries[name] = Entry("failed", entry.detail, entry.since, now - entry.since)

    def lines(self, now: float) -> list[Line]:
        width = max((len(name) for name in self._entries), default=0)
        lines = [_line(name, entry, width, now) for name, entry in self._entries.items()]
        if self.error:
            lines += [EMPTY, *((Span(f"   {clean(part)}", "bad"),) for part in self.error.splitlines())]
        return lines


def _line(name: str, entry: Entry, width: int, now: float) -> Line:
    glyph, role = _LOOKS.get(entry.state, ("◐", "wait"))
    took = now - entry.since if entry.took is None else entry.took
    clock = f"{took:5.1f} s" if took >= 0.05 else " " * 7
    name_role: Role = "strong" if entry.state == "doing" else "plain"
    return (
        Span("   "), Span(glyph, role), Span(f" {pad(clean(name), width)}  ", name_role), Span(f"{clock}  ", "faint"),
        Span(clean(entry.detail), "bad" if entry.state == "failed" else "dim"))  # fmt: skip
