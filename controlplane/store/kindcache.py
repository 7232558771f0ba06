"""The objects of one kind as of the newest revision seen, in order, with the log of their changes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

from controlplane.api.objects import Key
from controlplane.api.registry import Kind
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.log import Event, EventLog
from controlplane.store.records import Record


class Damage(NamedTuple):
    """A stored value that cannot be read."""

    pair: rpc.KeyValue
    problem: str


class KindCache:
    """The objects of a kind, and those `damaged` ones that are there but cannot be read."""

    def __init__(self, kind: Kind[Any], revision: int) -> None:
        self.kind = kind
        self.log = EventLog(revision)
        self.damaged: dict[Key, Damage] = {}
        self._records: dict[Key, Record] = {}
        self._order: list[Key] = []
        self._ordered: list[Record] = []

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def records(self, namespace: str = "", *, after: Key | None = None) -> Sequence[Record]:
        """Those there are now, ordered by namespace and name."""
        start = bisect_left(self._order, Key(namespace, "")) if after is None else bisect_right(self._order, after)
        stop = bisect_left(self._order, Key(namespace + "\0", "")) if namespace else len(self._order)
        return self._ordered[start:stop]

    def load(self, records: dict[Key, Record], revision: int, damaged: dict[Key, Damage] | None = None) -> None:
        """Starts over; watchers of the old log expire."""
        self._records, self.damaged = records, damaged or {}
        self._order = sorted(records)
        self._ordered = [records[key] for key in self._order]
        expired, self.log = self.log, EventLog(revision)
        expired.close()

    def redefine(self, kind: Kind[Any], revision: int) -> None:
        """Takes a new definition of the kind. The objects may look different by it, so watchers expire."""
        self.kind = kind
        self.load({key: record.of_kind(kind) for key, record in self._records.items()}, revision, self.damaged)

    def put(self, record: Record) -> None:
        old = self._records.get(record.key)
        place = bisect_left(self._order, record.key)
        if old is None:
            self._order.insert(place, record.key)
            self._ordered.insert(place, record)
        else:
            self._ordered[place] = record
        self._records[record.key] = record
        self.damaged.pop(record.key, None)
        self.log.append(Event(old, record, gone=False))

    def damage(self, key: Key, damage: Damage) -> None:
        """Takes the object out without a word to watchers, who must list again and are then told why that fails."""
        damaged = {**self.damaged, key: damage}
        remaining = {known: record for known, record in self._records.items() if known != key}
        self.load(remaining, damage.pair.mod_revision, damaged)

    def remove(self, key: Key, revision: int) -> None:
        self.damaged.pop(key, None)
        old = self._records.pop(key, None)
        if old is None:
            return
        place = bisect_left(self._order, key)
        del self._order[place], self._ordered[place]
        last = Record(self.kind, key, old.encoded, revision)
        self.log.append(Event(old, last, gone=True))
