"""What has changed in a kind's cache since one last looked, for whoever keeps an index over it."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.store.kindcache import KindCache
from controlplane.store.log import Event, EventLog


class Follower:
    """Costs next to nothing to ask when nothing has changed."""

    def __init__(self, cache: KindCache) -> None:
        self.cache = cache
        self._log: EventLog | None = None
        self._position = 0

    def changes(self) -> Sequence[Event] | None:
        """The changes since the last call, in order; None when all is to be read anew, as at the first call."""
        log = self.cache.log
        position, self._position = self._position, log.end
        if log is not self._log or position < log.start:
            self._log = log
            return None
        return log.read(position, log.end - position) if position < log.end else ()

    def has_changed(self) -> bool:
        """As `changes`, for those who only want to know whether there were any."""
        changes = self.changes()
        return changes is None or bool(changes)
