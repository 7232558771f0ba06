"""Keeps etcd's history to a window, and to a size: older revisions are compacted."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from controlplane.store.etcd.client import Etcd, UnavailableError

log = structlog.get_logger()

_STEPS = 12  # how finely the window slides


async def compact_behind(etcd: Etcd, window_seconds: float, most_bytes: int) -> None:
    """Forgets, a step at a time, what is older than the window, until cancelled. While etcd's data take more than
    `most_bytes`, the window is halved with every step, down to one step."""
    step = window_seconds / _STEPS
    marks: deque[int] = deque()
    while True:
        try:
            marks.append(await etcd.revision())
            forgotten = _beyond(marks, most=_STEPS)
            in_use = (await etcd.status()).db_size_in_use
            if in_use > most_bytes:
                forgotten = _beyond(marks, most=max(len(marks) // 2, 1)) or forgotten
                log.warning("history shortened", bytes_in_use=in_use, most=most_bytes, steps=len(marks))
            if forgotten:
                await etcd.compact(forgotten)
        except UnavailableError as error:
            log.debug("history not compacted", error=str(error))
        await asyncio.sleep(step)


def _beyond(marks: deque[int], *, most: int) -> int:
    """Takes the oldest marks away until `most` are left; the newest of those taken, 0 if there is none."""
    taken = 0
    while len(marks) > most:
        taken = marks.popleft()
    return taken
