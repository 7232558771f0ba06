"""What a pure function made of something, most often of bytes, kept for when the same comes again.

Pods of one template have the same spec to the byte, so that its defaults, its rules and its unsupported fields need to be
worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")

_MOST = 1024
LONGEST = 8 << 10  # bytes; larger things are worked out each time, so that nobody fills the memory with them


class Remembered(Generic[V]):
    """The most recent results; the older half goes when there are too many."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[Hashable, V] = {}

    def get(self, key: Hashable) -> V | None:
        return self._known.get(key)

    def put(self, key: Hashable, result: V) -> None:
        if isinstance(key, bytes) and len(key) > LONGEST:
            return
        if len(self._known) >= self._most:
            for old in list(self._known)[: self._most // 2]:
                del self._known[old]
        self._known[key] = result
