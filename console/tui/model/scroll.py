"""The lines of a text view: a buffer with a bound, where each stands when long lines are wrapped, and a search in it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from console.tui.model.sanitize import width
from console.tui.model.spans import breaks
from console.tui.model.views import LogLine

LIMIT = 100_000


class Scroll:
    """Cleaned lines. `dropped` counts those that went from the beginning to keep the bound."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self.dropped = 0
        self.wrap_at = 0
        self.widest = 0
        self.matches: list[int] = []
        self._pattern: re.Pattern[str] | None = None
        self._lines: list[LogLine] = []
        self._starts: list[int] = [0]
        self._limit = limit

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> LogLine:
        return self._lines[index]

    @property
    def height(self) -> int:
        """Lines on screen that all of it would take."""
        return self._starts[-1]

    @property
    def pattern(self) -> re.Pattern[str] | None:
        return self._pattern

    def replace(self, lines: Sequence[LogLine]) -> None:
        self._lines, self.dropped = [], 0
        self._reindex()
        self.append(lines)

    def append(self, lines: Sequence[LogLine]) -> int:
        """Returns how many screen lines went from the beginning to make room."""
        for line in lines:
            if self._pattern is not None and self._pattern.search(line.text):
                self.matches.append(len(self._lines))
            self._lines.append(line)
            self._starts.append(self._starts[-1] + self._rows(line))
            self.widest = max(self.widest, width(shown_text(line)))
        if len(self._lines) <= self._limit:
            return 0
        height = self.height
        self._drop(len(self._lines) - self._limit + self._limit // 10)
        return height - self.height

    def wrap(self, cells: int) -> None:
        """Breaks lines at `cells`; 0 leaves them whole."""
        if cells != self.wrap_at:
            self.wrap_at = cells
            self._reindex()

    def search(self, pattern: re.Pattern[str] | None) -> None:
        self._pattern = pattern
        self.matches = [] if pattern is None else [
            index for index, line in enumerate(self._lines) if pattern.search(line.text)
        ]  # fmt: skip

    def start_of(self, index: int) -> int:
        """The first screen line of a line."""
        return self._starts[index]

    def at(self, y: int) -> tuple[int, int]:
        """Which line stands at screen line `y`, and which of its pieces."""
        index = bisect_right(self._starts, y) - 1
        return index, y - self._starts[index]

    def match_after(self, index: int, *, forward: bool) -> int | None:
        """The next line found after (or before) `index`, beginning anew at the other end."""
        if not self.matches:
            return None
        if forward:
            return self.matches[bisect_right(self.matches, index) % len(self.matches)]
        return self.matches[bisect_left(self.matches, index) - 1]

    def _rows(self, line: LogLine) -> int:
        return len(self.breaks(line)) - 1

    def breaks(self, line: LogLine) -> list[int]:
        """Where the pieces of the line as it is shown begin, and where the last one ends."""
        return breaks(shown_text(line), self.wrap_at)

    def _drop(self, count: int) -> None:
        # A tenth of the bound goes at once, so that dropping costs little for each line that comes.
        self.dropped += count
        del self._lines[:count]
        self.matches = [index - count for index in self.matches if index >= count]
        self._reindex()

    def _reindex(self) -> None:
        self._starts, self.widest = [0], 0
        for line in self._lines:
            self._starts.append(self._starts[-1] + self._rows(line))
            self.widest = max(self.widest, width(shown_text(line)))


def shown_text(line: LogLine) -> str:
    """The source, if it has one, in front of the text."""
    return f"{line.source}  {line.text}" if line.source else line.text
