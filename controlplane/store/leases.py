"""Leases of etcd for objects that end by themselves.

One lease is shared by what is written within a short time, as a lease for every object would cost more than the object. It
lasts for that time longer, so that every object is kept for at least its time to live.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from controlplane.store.etcd.client import Etcd

_SHARED_SECONDS = 60.0
_SHARED_PART = 0.05  # of the time to live
_LEAST_SHARED_SECONDS = 1.0


class Leases:
    def __init__(self, etcd: Etcd, *, ttl_seconds: float, clock: Callable[[], float]) -> None:
        self._etcd, self._clock = etcd, clock
        self._shared = min(_SHARED_SECONDS, max(_LEAST_SHARED_SECONDS, ttl_seconds * _SHARED_PART))
        self._seconds = math.ceil(ttl_seconds + self._shared)
        self._current = 0
        self._until = -math.inf

    async def current(self) -> int:
        """The lease to write with now. Raises UnavailableError."""
        if self._clock() >= self._until:
            asked = self._clock()
            self._current = await self._etcd.grant(self._seconds)
            self._until = asked + self._shared
        return self._current

    def forget(self) -> None:
        """The lease is gone: etcd's clock, or ours, has jumped. The next write takes a new one."""
        self._until = -math.inf
