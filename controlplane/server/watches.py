"""Watch: every change of a kind from a revision on, as bytes that are encoded once for all watchers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from controlplane.api import errors
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.reads import refuse_damaged
from controlplane.server.requests import Query
from controlplane.server.users import Caller
from controlplane.store.kindcache import KindCache
from controlplane.store.log import Event, EventLog, bookmark, frame
from protos.v1 import resources_pb2 as wire
from protos.v1.resources_pb2 import WatchEvent

_MOST_EVENTS = 64  # in one message
_MOST_BYTES = 1 << 20  # in one message of initial events
_BOOKMARK_SECONDS = 5.0
_ANY_VERSION = "0"


class Watches:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store

    async def watch(self, caller: Caller, request: wire.WatchRequest) -> AsyncIterator[bytes]:
        """Encoded WatchResponse messages, without end."""
        kind = requests.kind_for(self._store.catalogue, request.resource, "watch")
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check_many(caller, "watch", kind, query.namespace, query.fields)
        cache = self._store.cache.of(kind)
        if request.send_initial_events or request.resource_version == _ANY_VERSION:
            await self._reach(request.resource_version)
            log, revision = cache.log, self._store.cache.revision
            for chunk in self._initial(cache, query):
                yield chunk
            if request.send_initial_events:
                yield bookmark(revision, initial_events_end=True)
        else:
            log, revision = await self._resume(cache, request.resource_version)
        async with contextlib.aclosing(self._follow(log, revision, query, bookmarks=request.allow_bookmarks)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _reach(self, resource_version: str) -> None:
        if resource_version:
            await self._store.reach(requests.revision_in(resource_version))
        else:
            await self._store.freshen()

    def _initial(self, cache: KindCache, query: Query) -> Iterator[bytes]:
        """All there was at the call, in messages. Encoded one message at a time, as a slow watcher takes them."""
        refuse_damaged(cache, query.namespace)
        records = cache.records(query.namespace)
        frames: list[bytes] = []
        size = 0
        for record in records:
            if not query.matches(record):
                continue
            frames.append(frame(WatchEvent.ADDED, record))
            size += len(frames[-1])
            if len(frames) >= _MOST_EVENTS or size >= _MOST_BYTES:
                yield b"".join(frames)
                frames, size = [], 0
        if frames:
            yield b"".join(frames)

    async def _resume(self, cache: KindCache, resource_version: str) -> tuple[EventLog, int]:
        """The log to follow, and the revision that has been seen."""
        revision = requests.revision_in(resource_version)
        if not revision:
            return cache.log, self._store.cache.revision
        await self._store.reach(revision)
        if revision < cache.log.since:
            raise _expired(revision)
        return cache.log, revision

    async def _follow(self, log: EventLog, revision: int, query: Query, *, bookmarks: bool) -> AsyncGenerator[bytes, None]:
        """What happens after a revision, from the narrowest log that has it all."""
        narrowed = _narrowed(query)
        followed = log if narrowed is None else log.slice(*narrowed)
        try:
            if revision < followed.since:
                raise _expired(revision)
            position, told = followed.position_after(revision), revision
            while True:
                if followed.closed or position < followed.start:
                    raise _expired(told)
                content, position, seen = _next(followed, position, query)
                if content:
                    told = seen
                    yield content
                    continue
                if seen or await _changed(followed) or not bookmarks:
                    continue
                current = self._store.cache.revision
                if position == followed.end and told < current and not followed.closed:
                    told = current
                    yield bookmark(current)
        finally:
            if narrowed is not None:
                log.release(*narrowed)


def _narrowed(query: Query) -> tuple[str, str] | None:
    """The field, with its value, whose slice of the log has all that a query can match. The rarest value first."""
    for path in ("metadata.name", *(term.path for term in query.fields.terms if term.path != "metadata.namespace")):
        value = query.fields.exact(path)
        if value is not None:
            return path, value
    namespace = query.namespace or query.fields.exact("metadata.namespace")
    return ("metadata.namespace", namespace) if namespace else None


def _next(log: EventLog, position: int, query: Query) -> tuple[bytes, int, int]:
    """What to send of the next events, the position behind them, and their last revision; 0 when there are none."""
    if query.selects_all:  # the log is that of the namespace, if one is asked for
        chunk = log.chunk(position)
        return chunk or (b"", position, 0)
    events = log.read(position, _MOST_EVENTS)
    if not events:
        return b"", position, 0
    return _chosen(events, query), position + len(events), events[-1].revision


async def _changed(log: EventLog) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BOOKMARK_SECONDS):
            await log.wait()
            return True
    return False


def _chosen(events: list[Event], query: Query) -> bytes:
    """The frames for one watcher. An object that starts to match is new to it; one that stops to is gone."""
    frames = []
    for event in events:
        before = event.old is not None and query.matches(event.old)
        after = not event.gone and query.matches(event.new)
        if after:
            frames.append(event.frame(WatchEvent.MODIFIED if before else WatchEvent.ADDED))
        elif before:
            frames.append(event.frame(WatchEvent.DELETED))
    return b"".join(frames)


def _expired(revision: int) -> errors.Expired:
    return errors.Expired(f"too old resource version: {revision} is no longer kept; list again and watch from there")
