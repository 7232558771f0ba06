"""What is the newest revision? Asked of etcd once for all who want to know at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Freshness:
    """`ask` puts the question. An answer serves those only who came before the question was put: a write that was
    acknowledged to anybody before they came is then in it."""

    def __init__(self, ask: Callable[[], Awaitable[int]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._put = 0  # questions so far
        self._answered = 0  # the number of the last one that was answered
        self._revision = 0

    async def revision(self) -> int:
        seen = self._put
        async with self._turn:
            if self._answered <= seen:
                self._put += 1
                question = self._put
                self._revision = await self._ask()
                self._answered = question
            return self._revision
