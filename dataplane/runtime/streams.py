"""Blocking streams read from the event loop: one thread reads, what has gathered is handed over in one go.

A slow reader holds the thread back, so nothing piles up; a reader that leaves closes the stream under it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_MOST_GATHERED = 1024


async def follow(open_stream: Callable[[], Iterable[T]]) -> AsyncGenerator[list[T], None]:
    """The stream's items in groups, until it ends. Raises what opening or reading raised."""
    reader = _Reader(open_stream, asyncio.get_running_loop())
    thread = threading.Thread(target=reader.read, name="stream", daemon=True)
    thread.start()
    try:
        while True:
            await reader.wake.wait()
            items, ended = reader.take()
            if items:
                yield items
            if ended:
                if reader.error is not None:
                    raise reader.error
                return
    finally:
        reader.close()


class _Reader(Generic[T]):
    def __init__(self, open_stream: Callable[[], Iterable[T]], loop: asyncio.AbstractEventLoop) -> None:
        self.wake = asyncio.Event()
        self.error: Exception | None = None
        self._open, self._loop = open_stream, loop
        self._items: list[T] = []
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._stream: Any = None

    def read(self) -> None:
        try:
            stream = self._open()
            with self._changed:
                self._stream = stream
                unwanted = self._closed
            for item in () if unwanted else stream:
                if not self._put(item):
                    break
        except Exception as error:
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                if self._stream is not None:
                    _close(self._stream)
            self._notify()

    def take(self) -> tuple[list[T], bool]:
        """What has gathered, and whether that was all."""
        with self._changed:
            self.wake.clear()
            items, self._items = self._items, []
            self._changed.notify_all()
            return items, self._ended

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if self._stream is not None and not self._ended:
                _close(self._stream)

    def _put(self, item: T) -> bool:
        with self._changed:
            first = not self._items
            self._items.append(item)
            self._changed.wait_for(lambda: self._closed or len(self._items) < _MOST_GATHERED)
            closed = self._closed
        if first:
            self._notify()
        return not closed

    def _notify(self) -> None:
        # The loop may be gone already when the process ends.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.wake.set)


def _close(stream: Any) -> None:
    """Ends a docker stream under its reader. One that was read to its end has no socket any more: closing it raises."""
    for part in (stream, stream._response):
        with suppress(AttributeError, OSError):
            part.close()
