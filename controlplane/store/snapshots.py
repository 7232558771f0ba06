"""The states that lists are being paged through, so that their further pages need not be read from etcd's history.

Kept for a while after their last use, and only so many: a page whose snapshot is gone is read from etcd.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controlplane.store.records import Record

_MOST = 256
_MOST_RECORDS = 2_000_000  # in all; each takes the room of one reference, and holds its version of the object
_SECONDS = 60.0


@dataclass(slots=True)
class _Snapshot:
    records: Sequence[Record]
    used: float


class Snapshots:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, int], _Snapshot] = OrderedDict()  # the longest unused first
        self._records = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, resource: str, namespace: str, revision: int, records: Sequence[Record]) -> None:
        """Keeps the objects of a kind in a namespace (empty: in all) at a revision, in order."""
        if self.find(resource, namespace, revision) is not None or len(records) > _MOST_RECORDS:
            return
        self._kept[resource, namespace, revision] = _Snapshot(records, self._clock())
        self._records += len(records)
        while len(self._kept) > _MOST or self._records > _MOST_RECORDS:
            self._drop()
        self._expire()

    def find(self, resource: str, namespace: str, revision: int) -> Sequence[Record] | None:
        snapshot = self._kept.get((resource, namespace, revision))
        if snapshot is None:
            return None
        snapshot.used = self._clock()
        self._kept.move_to_end((resource, namespace, revision))
        return snapshot.records

    def clear(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._kept.clear()
        self._records = 0

    def _drop(self) -> None:
        _, snapshot = self._kept.popitem(last=False)
        self._records -= len(snapshot.records)

    def _expire(self) -> None:
        """Drops what is unused for long, now and whenever the next one will be."""
        oldest = self._clock() - _SECONDS
        while self._kept and next(iter(self._kept.values())).used <= oldest:
            self._drop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_SECONDS / 4, self._expire) if self._kept else None
