"""Watch: every change of a kind from a revision on, as bytes that are encoded once for all watchers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from controlplane.api import errors
from controlplane.api.objects import Key
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.requests import Query
from controlplane.server.users import Caller
from controlplane.store.cache import KindCache
from controlplane.store.log import Event, EventLog, bookmark, frame
from protos.v1 import resources_pb2 as wire
from protos.v1.resources_pb2 import WatchEvent

_MOST_EVENTS = 64  # in one message
_BOOKMARK_SECONDS = 5.0


class Watches:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store

    async def watch(self, caller: Caller, request: wire.WatchRequest) -> AsyncIterator[bytes]:
        """Encoded WatchResponse messages, without end."""
        kind = requests.kind_for(self._store.catalogue, request.resource, "watch")
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check(caller, "watch", kind, Key(query.namespace, ""))
        cache = self._store.cache.of(kind)
        if request.send_initial_events:
            await self._store.freshen()
            log, position = cache.log, cache.log.end
            for chunk in self._initial(cache, query):
                yield chunk
        else:
            log, position = await self._resume(cache, request.resource_version)
        async for chunk in self._follow(cache, log, position, query, bookmarks=request.allow_bookmarks):
            yield chunk

    def _initial(self, cache: KindCache, query: Query) -> list[bytes]:
        """All there is now, taken at once so that no change falls in between."""
        frames = [frame(WatchEvent.ADDED, record) for record in cache.records(query.namespace) if query.matches(record)]
        chunks = [b"".join(frames[start : start + _MOST_EVENTS]) for start in range(0, len(frames), _MOST_EVENTS)]
        return [*chunks, bookmark(self._store.cache.revision, initial_events_end=True)]

    async def _resume(self, cache: KindCache, resource_version: str) -> tuple[EventLog, int]:
        revision = requests.revision_in(resource_version)
        if not revision:
            return cache.log, cache.log.end
        await self._store.reach(revision)
        log = cache.log
        if revision < log.since:
            raise _expired(revision)
        return log, log.position_after(revision)

    async def _follow(
        self, cache: KindCache, log: EventLog, position: int, query: Query, *, bookmarks: bool
    ) -> AsyncIterator[bytes]:
        told = 0  # the revision of the last event or bookmark sent
        while True:
            if cache.log is not log or position < log.start:
                raise _expired(told)
            events = log.read(position, _MOST_EVENTS)
            if events:
                position += len(events)
                chunk = _chosen(events, query)
                if chunk:
                    told = events[-1].revision
                    yield chunk
                continue
            if await _changed(log) or not bookmarks:
                continue
            revision = self._store.cache.revision
            if position == log.end and told < revision:
                told = revision
                yield bookmark(revision)


async def _changed(log: EventLog) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BOOKMARK_SECONDS):
            await log.wait()
            return True
    return False


def _chosen(events: list[Event], query: Query) -> bytes:
    """The frames for one watcher. An object that starts to match is new to it; one that stops to is gone."""
    if query.is_everything:
        return b"".join(event.frame(event.type) for event in events)
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
