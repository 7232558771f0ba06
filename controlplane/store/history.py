"""Keeps etcd's history to a window: revisions older than it are compacted."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from controlplane.store.etcd.client import Etcd, UnavailableError

log = structlog.get_logger()

_STEPS = 12  # how finely the window slides


async def compact_behind(etcd: Etcd, window_seconds: float) -> None:
    """Forgets, a step at a time, what is older than the window, until cancelled."""
    step = window_seconds / _STEPS
    marks: deque[int] = deque()
    while True:
        try:
            marks.append(await etcd.revision())
            if len(marks) > _STEPS:
                await etcd.compact(marks.popleft())
        except UnavailableError as error:
            log.debug("history not compacted", error=str(error))
        await asyncio.sleep(step)
