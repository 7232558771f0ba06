"""A look at the newest state before somebody is turned away, at a cost that no stream of bad credentials can raise."""

from __future__ import annotations

import asyncio
import contextlib

from controlplane.api import errors
from controlplane.store.store import Store


class Freshness:
    """Whoever asks while a look is under way waits for the next one, which they share: at most one is under way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._looks = 0

    async def freshen(self) -> None:
        """Returns once the cache has what was acknowledged before the call, or etcd cannot be asked."""
        enough = self._looks + (2 if self._turn.locked() else 1)  # the look under way began too early for this caller
        async with self._turn:
            if self._looks >= enough:
                return
            with contextlib.suppress(errors.Unavailable):
                await self._store.freshen()
            self._looks += 1
