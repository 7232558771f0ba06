"""A local copy of all objects of a kind, kept current by a watch.

`run` lists, then watches, and starts over only when the server no longer keeps the revision it has. While the server is away
the last copy stays readable. Objects handed out are shared: copy before changing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic

import structlog

from controlplane.api import errors
from controlplane.api.objects import Key, T, key_of
from controlplane.api.registry import Kind
from controlplane.client.client import Change, Client
from protos.v1.resources_pb2 import WatchEvent

log = structlog.get_logger()

Handler = Callable[["T | None", "T | None"], None]
Index = Callable[["T"], Iterable[str]]

_BACKOFF_SECONDS = (0.05, 2.0)


class Informer(Generic[T]):
    """Handlers are called as `handler(old, new)`: old is None for a new object, new is None for one that is gone."""

    def __init__(
        self,
        client: Client,
        kind: Kind[T],
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        indexes: Mapping[str, Index[T]] | None = None,
    ) -> None:
        self.kind = kind
        self.resource_version = ""
        self.connected = False
        self._client = client
        self._namespace, self._labels, self._fields = namespace, labels, fields
        self._objects: dict[Key, T] = {}
        self._indexes = dict(indexes or {})
        self._indexed: dict[str, dict[str, dict[Key, None]]] = {name: defaultdict(dict) for name in self._indexes}
        self._handlers: list[Handler[T]] = []
        self._after_batch: list[Callable[[], None]] = []
        self._synced = asyncio.Event()

    def get(self, name: str, namespace: str = "") -> T | None:
        return self._objects.get(Key(namespace, name))

    def __iter__(self) -> Iterator[T]:
        return iter(self._objects.values())

    def __len__(self) -> int:
        return len(self._objects)

    def by_index(self, index: str, value: str) -> list[T]:
        return [self._objects[key] for key in self._indexed[index].get(value, ())]

    def clear(self) -> None:
        """Forgets all objects, as if they had been deleted: there are none any more once their kind is gone."""
        for key in list(self._objects):
            self._put(key, None)

    def subscribe(self, handler: Handler[T]) -> None:
        """Calls `handler` for every object there is, then for every change."""
        self._handlers.append(handler)
        for obj in self._objects.values():
            handler(None, obj)

    def after_batch(self, callback: Callable[[], None]) -> None:
        """Calls `callback` whenever `resource_version` has moved and all handlers have seen what came with it."""
        self._after_batch.append(callback)

    async def synced(self) -> None:
        """Returns once the first full copy is in."""
        await self._synced.wait()

    @property
    def is_synced(self) -> bool:
        return self._synced.is_set()

    async def run(self) -> None:
        """Keeps the copy current until cancelled."""
        first, longest = _BACKOFF_SECONDS
        pause = first
        while True:
            try:
                if not self.resource_version:
                    await self._relist()
                await self._follow()
            except errors.Expired:
                self.resource_version = ""
            except errors.StatusError as error:
                pause = first if self.connected else min(pause * 2, longest)
                self.connected = False
                if not isinstance(error, errors.Unavailable):
                    log.warning("watch ended", resource=self.kind.resource, error=str(error))
                await asyncio.sleep(pause)

    async def _relist(self) -> None:
        listed = await self._client.list(self.kind, self._namespace, labels=self._labels, fields=self._fields)
        fresh = {key_of(obj): obj for obj in listed.items}
        for key in [key for key in self._objects if key not in fresh]:
            self._put(key, None)
        for key, obj in fresh.items():
            old = self._objects.get(key)
            # One version of a custom object looks different once its definition has changed.
            same = old is not None and old.metadata.resource_version == obj.metadata.resource_version
            if not same or (self.kind.is_custom and old != obj):
                self._put(key, obj)
        self._reached(listed.resource_version)
        self._synced.set()

    async def _follow(self) -> None:
        watch = self._client.watch(
            self.kind, self._namespace, labels=self._labels, fields=self._fields,
            resource_version=self.resource_version)  # fmt: skip
        async for batch in watch:
            self.connected = True
            for change in batch:
                self._take(change)
            if batch:
                self._reached(batch[-1].resource_version)

    def _take(self, change: Change[T]) -> None:
        if change.object is not None:
            gone = change.type == WatchEvent.DELETED
            self._put(key_of(change.object), None if gone else change.object)

    def _reached(self, resource_version: str) -> None:
        self.resource_version = resource_version
        for callback in self._after_batch:
            callback()

    def _put(self, key: Key, new: T | None) -> None:
        old = self._objects.pop(key, None) if new is None else self._objects.get(key)
        if new is not None:
            self._objects[key] = new
        for name, index in self._indexes.items():
            values = self._indexed[name]
            if old is not None:
                for value in index(old):
                    values[value].pop(key, None)
                    if not values[value]:
                        del values[value]
            if new is not None:
                for value in index(new):
                    values[value][key] = None
        if old is not None or new is not None:
            for handler in self._handlers:
                handler(old, new)
