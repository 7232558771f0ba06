"""Leases of etcd for objects that end by themselves.

One lease is shared by what is written within a short time, as a lease for every object would cost more than the object. It
lasts for that time longer, so that every object is kept for at least its time to live.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from controlplane.store.etcd.client import Etcd

_SHARED_SECONDS = 60.0
_SHARED_PART = 0.05  # of the time to live
_LEAST_SHARED_SECONDS = 1.0
_MOST_OBJECTS = 1000  # with one lease: etcd removes them all at once


class Leases:
    def __init__(self, etcd: Etcd, *, ttl_seconds: float, clock: Callable[[], float]) -> None:
        self._etcd, self._clock = etcd, clock
        self._shared = min(_SHARED_SECONDS, max(_LEAST_SHARED_SECONDS, ttl_seconds * _SHARED_PART))
        self._seconds = math.ceil(ttl_seconds + self._shared)
        self._current = 0
        self._until = -math.inf
        self._objects = 0
        self._turn = asyncio.Lock()

    async def current(self) -> int:
        """The lease to write an object with now. Raises UnavailableError."""
        async with self._turn:
            if self._clock() >= self._until or self._objects >= _MOST_OBJECTS:
                asked = self._clock()
                self._current = await self._etcd.grant(self._seconds)
                self._until, self._objects = asked + self._shared, 0
            self._objects += 1
            return self._current

    def forget(self) -> None:
        """The lease is gone: etcd's clock, or ours, has jumped. The next write takes a new one."""
        self._until = -math.inf
