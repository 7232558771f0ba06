"""The recent changes of a kind, in order, for watchers to read at their own pace.

A watcher holds a position, not a queue: an event is kept once, encoded once, and written to every watcher as the same bytes.
A watcher that falls behind the oldest kept event has expired.
"""

from __future__ import annotations

import asyncio

from controlplane.store.records import Record, delimited, varint
from protos.v1.resources_pb2 import WatchEvent

_KEPT = 16_384
_EVENTS_FIELD = 1  # WatchResponse.events
_OBJECT_FIELD = 2  # WatchEvent.object
_VERSION_FIELD = 3  # WatchEvent.resource_version


class Event:
    """A change: `old` is None for a new object; `gone` says that `new` is how it last was, at the revision of its end."""

    __slots__ = ("_frames", "gone", "new", "old", "revision")

    def __init__(self, old: Record | None, new: Record, *, gone: bool) -> None:
        self.old, self.new, self.gone = old, new, gone
        self.revision = new.revision
        self._frames: dict[int, bytes] = {}

    @property
    def type(self) -> WatchEvent.Type.ValueType:
        if self.gone:
            return WatchEvent.DELETED
        return WatchEvent.ADDED if self.old is None else WatchEvent.MODIFIED

    def frame(self, as_type: WatchEvent.Type.ValueType) -> bytes:
        """The event as one element of a WatchResponse; such elements may be joined."""
        ready = self._frames.get(as_type)
        if ready is None:
            ready = self._frames[as_type] = frame(as_type, self.new)
        return ready


def frame(event_type: WatchEvent.Type.ValueType, record: Record) -> bytes:
    """An event for one watcher, as one element of a WatchResponse."""
    body = (
        b"\x08"
        + varint(event_type)
        + delimited(_OBJECT_FIELD, record.boxed)
        + delimited(_VERSION_FIELD, str(record.revision).encode())
    )
    return delimited(_EVENTS_FIELD, body)


def bookmark(revision: int, *, initial_events_end: bool = False) -> bytes:
    event = WatchEvent(type=WatchEvent.BOOKMARK, resource_version=str(revision), initial_events_end=initial_events_end)
    return delimited(_EVENTS_FIELD, event.SerializeToString())


class EventLog:
    """Positions count events since the log began; `start` is that of the oldest kept one."""

    def __init__(self, revision: int) -> None:
        self.start = 0
        self.since = revision  # a watch may resume from here or later
        self._events: list[Event] = []
        self._changed = asyncio.Event()

    @property
    def end(self) -> int:
        return self.start + len(self._events)

    def append(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) >= 2 * _KEPT:
            cut = len(self._events) - _KEPT
            while self._events[cut - 1].revision == self._events[cut].revision:
                cut += 1
            self.since = self._events[cut - 1].revision
            del self._events[:cut]
            self.start += cut

    def wake(self) -> None:
        """Lets watchers see what was appended; called after whole revisions only."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        await self._changed.wait()

    def read(self, position: int, most: int) -> list[Event]:
        """Events from `position` on: about `most`, always to the end of a revision."""
        index = position - self.start
        stop = min(index + most, len(self._events))
        while 0 < stop < len(self._events) and self._events[stop].revision == self._events[stop - 1].revision:
            stop += 1
        return self._events[index:stop]

    def position_after(self, revision: int) -> int:
        """Where a watch that has seen everything up to `revision` goes on."""
        low, high = 0, len(self._events)
        while low < high:
            middle = (low + high) // 2
            if self._events[middle].revision <= revision:
                low = middle + 1
            else:
                high = middle
        return self.start + low
