"""The pods that wait for a node: which are tried next, which have to wait for a change, and how long. No clock of its own.

The highest priority first, then who came first. A pod that fits nowhere waits until something changes, at the latest for
five minutes; and after each failure at least for a pause that doubles, so that a crowd of hopeless pods costs little.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from controlplane.api.objects import Key

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
LONGEST_WAIT = 300.0


@dataclass(slots=True)
class _Entry:
    """`due` is when it is to be tried; None while it is ready, or being tried."""

    priority: int
    arrival: int
    attempts: int = 0
    not_before: float = 0.0
    due: float | None = None


class PendingPods:
    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._hopeless: set[Key] = set()
        # Heaps; an element counts only while it agrees with the entry.
        self._ready: list[tuple[int, int, Key]] = []
        self._later: list[tuple[float, int, Key]] = []
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def add(self, key: Key, priority: int) -> None:
        """A new pod, or one that changed: it may be tried at once."""
        self.remove(key)
        self._entries[key] = entry = _Entry(priority, next(self._arrivals))
        heapq.heappush(self._ready, (-priority, entry.arrival, key))

    def remove(self, key: Key) -> None:
        self._entries.pop(key, None)
        self._hopeless.discard(key)

    def take(self, most: int, now: float) -> Iterator[Key]:
        """The next pods to try. Each stays known until `remove`; say `failed` to have it tried again."""
        self._promote(now)
        while most > 0 and self._ready:
            _, arrival, key = heapq.heappop(self._ready)
            entry = self._entries.get(key)
            if entry is not None and entry.arrival == arrival:
                most -= 1
                yield key

    def failed(self, key: Key, now: float, *, waits_for_change: bool) -> None:
        """Tried in vain. `waits_for_change`: it fits nowhere as things are."""
        entry = self._entries.get(key)
        if entry is None:
            return
        pause = min(FIRST_PAUSE * 2.0**entry.attempts, LONGEST_PAUSE)
        entry.attempts = min(entry.attempts + 1, 10)
        entry.not_before = now + pause
        if waits_for_change:
            self._hopeless.add(key)
        self._defer(key, entry, now + LONGEST_WAIT if waits_for_change else entry.not_before)

    def something_changed(self) -> None:
        """Room or permission may have appeared: pods that wait for it are tried as soon as their pause is over."""
        for key in self._hopeless:
            self._defer(key, self._entries[key], self._entries[key].not_before)
        self._hopeless.clear()

    def next_due(self) -> float | None:
        """When `take` may have something to give: 0 at once, None when nothing waits."""
        if self._ready:
            return 0.0
        return self._later[0][0] if self._later else None

    def _defer(self, key: Key, entry: _Entry, due: float) -> None:
        entry.due = due
        heapq.heappush(self._later, (due, entry.arrival, key))

    def _promote(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            due, arrival, key = heapq.heappop(self._later)
            entry = self._entries.get(key)
            if entry is not None and (entry.arrival, entry.due) == (arrival, due):
                entry.due = None
                self._hopeless.discard(key)
                heapq.heappush(self._ready, (-entry.priority, arrival, key))
