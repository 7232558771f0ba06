"""Waiting for a condition with a deadline, instead of sleeping."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

R = TypeVar("R")

_PAUSE = 0.02


async def eventually(check: Callable[[], R | Awaitable[R]], *, within: float = 10.0) -> R:
    """The first truthy answer of `check`. An AssertionError counts as "not yet". Fails with what was last seen."""
    deadline = time.monotonic() + within
    while True:
        seen: object
        try:
            answer = check()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            seen = answer
        except AssertionError as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; last seen: {seen!r}")
        await asyncio.sleep(_PAUSE)


def eventually_sync(check: Callable[[], R], *, within: float = 10.0) -> R:
    """As `eventually`, for tests without a loop."""
    deadline = time.monotonic() + within
    while True:
        seen: object
        try:
            answer = check()
            if answer:
                return answer
            seen = answer
        except AssertionError as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; last seen: {seen!r}")
        time.sleep(_PAUSE)
