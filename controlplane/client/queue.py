"""A work queue of keys: fair (first come, first served), stingy (a key waits once however often it is added), one worker per
key at a time, and patient (a failed key comes back after a pause that doubles).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Use as: `key = await queue.get()`, work, then `queue.done(key)` or `queue.retry(key)`."""

    def __init__(self, *, first_pause: float = 0.005, longest_pause: float = 60.0) -> None:
        self._first, self._longest = first_pause, longest_pause
        self._ready: deque[K] = deque()
        self._waiting: set[K] = set()
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nobody works; keys due later do not count."""
        return not self._ready and not self._working

    def add(self, key: K) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._wake.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Adds the key later; the earlier of two times stands."""
        loop = asyncio.get_running_loop()
        due = loop.time() + max(0.0, seconds)
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= due:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._timer_fired, key)

    async def get(self) -> K:
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._working.add(key)
        return key

    def done(self, key: K) -> None:
        """The work succeeded; the key's failures are forgotten."""
        self._failures.pop(key, None)
        self._release(key)

    def retry(self, key: K) -> float:
        """The work failed; the key comes back. Returns the pause in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(self._first * 2.0 ** min(failures, 30), self._longest)
        self._release(key)
        self.add_after(key, pause)
        return pause

    def _release(self, key: K) -> None:
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def _timer_fired(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)
