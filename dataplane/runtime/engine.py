"""The one connection to the Docker engine: calls in a few threads, streams in a thread each.

Starting containers is what the engine is slowest at, and more than a few at once only wait for each other; so calls that
change something have their own small pool, and looking is never stuck behind them.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import requests
from docker import APIClient
from docker import errors as docker_errors

from dataplane.runtime.streams import follow
from dataplane.runtime.types import RuntimeFailure

R = TypeVar("R")

# The oldest engine supported is 20.10, which speaks this.
API_VERSION = "1.41"
_TIMEOUT_SECONDS = 60
_PULL_TIMEOUT_SECONDS = 600


class Engine:
    """`look` for calls that change nothing, `act` for those that do, `pull` for those that take minutes."""

    def __init__(self, url: str, *, threads: int = 4) -> None:
        self.url = url
        self.api = APIClient(base_url=url, version=API_VERSION, timeout=_TIMEOUT_SECONDS, max_pool_size=3 * threads)
        self._patient = APIClient(base_url=url, version=API_VERSION, timeout=_PULL_TIMEOUT_SECONDS)
        self._actors = ThreadPoolExecutor(threads, thread_name_prefix="docker-act")
        self._lookers = ThreadPoolExecutor(threads, thread_name_prefix="docker-look")
        self._pullers = ThreadPoolExecutor(2, thread_name_prefix="docker-pull")

    async def look(self, function: Callable[[Any], R]) -> R:
        return await self._run(self._lookers, functools.partial(function, self.api))

    async def act(self, function: Callable[[Any], R]) -> R:
        return await self._run(self._actors, functools.partial(function, self.api))

    async def pull(self, function: Callable[[Any], R]) -> R:
        return await self._run(self._pullers, functools.partial(function, self._patient))

    def stream(self, open_stream: Callable[[Any], Iterable[R]]) -> AsyncGenerator[list[R], None]:
        """What arrives on a stream, in groups; closing the iterator closes the stream."""
        return follow(functools.partial(_told, functools.partial(open_stream, self._patient)))

    def close(self) -> None:
        """Waits for the calls that are under way, but not for pulls."""
        for pool in (self._actors, self._lookers):
            pool.shutdown(wait=True, cancel_futures=True)
        self._pullers.shutdown(wait=False, cancel_futures=True)
        self.api.close()
        self._patient.close()

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(pool, _told, call)


class NotHere(RuntimeFailure):
    """What was named does not exist."""


def _told(call: Callable[[], R]) -> R:
    """The call's result, its errors in the runtime's terms."""
    try:
        return call()
    except docker_errors.NotFound as error:
        raise NotHere(f"Error response from daemon: {error.explanation}") from error
    except docker_errors.APIError as error:
        raise RuntimeFailure(f"Error response from daemon: {error.explanation}") from error
    except (docker_errors.DockerException, requests.exceptions.RequestException) as error:
        raise RuntimeFailure(f"the Docker engine does not answer ({error}); is it running?") from error
