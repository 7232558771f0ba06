"""The recent changes of a kind, in order, for watchers to read at their own pace.

A watcher holds a position, not a queue: an event is kept once and written to every watcher as the same bytes. A watcher that
falls behind the oldest kept event has expired, and holds nothing.

A watcher that asks for one value of a field (the pods of one node) reads a *slice*: the events that concern that value, kept
beside the log while somebody reads them, so that a thousand agents do not each look at every pod's events.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from controlplane.store.records import Record, delimited, varint
from protos.v1.resources_pb2 import WatchEvent

_KEPT = 16_384
_KEPT_BYTES = 12 << 20
_CHUNK_EVENTS = 64
_CHUNK_BYTES = 1 << 20
_CHUNKS = 8  # ready ones: watchers that are up to date all read the same
_EVENTS_FIELD = 1  # WatchResponse.events
_OBJECT_FIELD = 2  # WatchEvent.object
_VERSION_FIELD = 3  # WatchEvent.resource_version


class Event:
    """A change: `old` is None for a new object; `gone` says that `new` is how it last was, at the revision of its end."""

    __slots__ = ("gone", "new", "old", "revision")

    def __init__(self, old: Record | None, new: Record, *, gone: bool) -> None:
        self.old, self.new, self.gone = old, new, gone
        self.revision = new.revision

    @property
    def type(self) -> WatchEvent.Type.ValueType:
        if self.gone:
            return WatchEvent.DELETED
        return WatchEvent.ADDED if self.old is None else WatchEvent.MODIFIED

    def frame(self, as_type: WatchEvent.Type.ValueType) -> bytes:
        """The event as one element of a WatchResponse; such elements may be joined."""
        return frame(as_type, self.new)


def frame(event_type: WatchEvent.Type.ValueType, record: Record) -> bytes:
    """An event for one watcher, as one element of a WatchResponse."""
    version = delimited(_VERSION_FIELD, str(record.revision).encode())
    head = b"\x08" + varint(event_type) + varint(_OBJECT_FIELD << 3 | 2) + varint(len(record.boxed))
    size = varint(len(head) + len(record.boxed) + len(version))
    return b"".join((varint(_EVENTS_FIELD << 3 | 2), size, head, record.boxed, version))


def bookmark(revision: int, *, initial_events_end: bool = False) -> bytes:
    event = WatchEvent(type=WatchEvent.BOOKMARK, resource_version=str(revision), initial_events_end=initial_events_end)
    return delimited(_EVENTS_FIELD, event.SerializeToString())


class Chunk(NamedTuple):
    """Some events as they are for a watcher of everything; `position` is where the next begin."""

    content: bytes
    position: int
    revision: int


class EventLog:
    """Positions count events since the log began; `start` is that of the oldest kept one. A log that is `closed` tells
    nothing more: its kind was read anew."""

    def __init__(self, revision: int) -> None:
        self.start = 0
        self.since = revision  # a watch may resume from here or later
        self.closed = False
        self._events: list[Event] = []
        self._bytes = 0
        self._changed = asyncio.Event()
        self._chunks: dict[tuple[int, int], Chunk] = {}
        self._slices: dict[str, dict[str, EventLog]] = {}
        self._readers: Counter[tuple[str, str]] = Counter()
        self._touched: set[EventLog] = set()

    @property
    def end(self) -> int:
        return self.start + len(self._events)

    def append(self, event: Event) -> None:
        self._add(event)
        for path, by_value in self._slices.items():
            values = {event.new.field(path)} if event.old is None else {event.new.field(path), event.old.field(path)}
            for value in values:
                part = by_value.get(value)
                if part is not None:
                    part._add(event)
                    self._touched.add(part)
        if len(self._events) >= 2 * _KEPT or self._bytes >= 2 * _KEPT_BYTES:
            self._trim()

    def wake(self) -> None:
        """Lets watchers see what was appended; called after whole revisions only."""
        self._notify()
        for part in self._touched:
            part._notify()
        self._touched.clear()

    def close(self) -> None:
        """Ends the log and its slices: their watchers expire."""
        for log in (self, *self._parts()):
            log.closed = True
            log._notify()

    async def wait(self) -> None:
        await self._changed.wait()

    def slice(self, path: str, value: str) -> EventLog:
        """The log of the events of objects that have, or had, this value in a field. `release` it after use."""
        by_value = self._slices.setdefault(path, {})
        part = by_value.get(value)
        if part is None:
            part = by_value[value] = EventLog(self.since)
            part.closed = self.closed
            for event in self._events:
                if event.new.field(path) == value or (event.old is not None and event.old.field(path) == value):
                    part._add(event)
        self._readers[path, value] += 1
        return part

    def release(self, path: str, value: str) -> None:
        """The counterpart of `slice`."""
        self._readers[path, value] -= 1
        if self._readers[path, value]:
            return
        del self._readers[path, value]
        self._touched.discard(self._slices[path].pop(value))
        if not self._slices[path]:
            del self._slices[path]

    def _parts(self) -> Iterator[EventLog]:
        for by_value in self._slices.values():
            yield from by_value.values()

    def read(self, position: int, most: int) -> list[Event]:
        """Events from `position` on: about `most`, always to the end of a revision."""
        index = position - self.start
        return self._events[index : self._whole(min(index + most, len(self._events)))]

    def chunk(self, position: int) -> Chunk | None:
        """The next events, ready to be sent, or None when there are none."""
        index = position - self.start
        stop = min(index + _CHUNK_EVENTS - position % _CHUNK_EVENTS, len(self._events))  # so that watchers fall into step
        if stop <= index:
            return None
        ready = self._chunks.get((position, stop + self.start))
        return ready or self._encode(position, index, stop)

    def _encode(self, position: int, index: int, stop: int) -> Chunk:
        size = 0
        for end in range(index, stop):
            size += len(self._events[end].new.boxed)
            if size >= _CHUNK_BYTES:
                stop_early = end + 1
                break
        else:
            stop_early = stop
        events = self._events[index : self._whole(stop_early)]
        content = b"".join([frame(event.type, event.new) for event in events])
        chunk = Chunk(content, position + len(events), events[-1].revision)
        if len(self._chunks) >= _CHUNKS:
            del self._chunks[next(iter(self._chunks))]
        self._chunks[position, stop + self.start] = chunk
        return chunk

    def position_after(self, revision: int) -> int:
        """Where a watch that has seen everything up to `revision` goes on."""
        return self.start + bisect_right(self._events, revision, key=lambda event: event.revision)

    def _add(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.new.boxed)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _whole(self, stop: int) -> int:
        """The end of the revision that the event before `stop` belongs to."""
        while 0 < stop < len(self._events) and self._events[stop].revision == self._events[stop - 1].revision:
            stop += 1
        return stop

    def _trim(self) -> None:
        """Forgets the older half, in events or in bytes."""
        cut = max(len(self._events) - _KEPT, 0)
        kept = sum(len(event.new.boxed) for event in self._events[cut:])
        while kept > _KEPT_BYTES:
            kept -= len(self._events[cut].new.boxed)
            cut += 1
        self._forget(self._events[self._whole(cut) - 1].revision)

    def _forget(self, revision: int) -> None:
        cut = self.position_after(revision) - self.start
        self._bytes -= sum(len(event.new.boxed) for event in self._events[:cut])
        del self._events[:cut]
        self.start += cut
        self.since = revision
        self._chunks.clear()
        for part in self._parts():
            part._forget(revision)
