"""The manager's local copies: one informer for each kind, shared by all controllers, with every index any of them uses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

from controlplane.api.objects import T
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.controllers.view import Index
from controlplane.manager.controller import Controller


class Copies:
    """Implements the controllers' `View` and the expectations' `Copy`."""

    def __init__(self, client: Client, controllers: Iterable[Controller[Any]]) -> None:
        kinds: dict[str, Kind[Any]] = {}
        indexes: dict[str, dict[str, Any]] = {}
        for controller in controllers:
            for watch in controller.watches:
                kinds[watch.kind.resource] = watch.kind
            for read in controller.reads:
                kinds[read.kind.resource] = read.kind
                indexes.setdefault(read.kind.resource, {})[read.index.name] = read.index.values
        self._informers = {
            resource: Informer(client, kind, indexes=indexes.get(resource)) for resource, kind in kinds.items()
        }  # fmt: skip

    def of(self, kind: Kind[T]) -> Informer[T]:
        return cast("Informer[T]", self._informers[kind.resource])

    @property
    def informers(self) -> Iterable[Informer[Any]]:
        return self._informers.values()

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None:
        return self.of(kind).get(name, namespace)

    def select(self, kind: Kind[T], index: Index[T], value: str) -> Sequence[T]:
        return self.of(kind).by_index(index.name, value)

    def all(self, kind: Kind[T]) -> Iterable[T]:
        return self.of(kind)

    def revision(self, kind: Kind[Any]) -> int:
        return int(self.of(kind).resource_version or 0)

    async def run(self) -> None:
        """Keeps the copies current until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for resource, informer in self._informers.items():
                tasks.create_task(informer.run(), name=f"informer-{resource}")

    async def synced(self) -> None:
        """Returns once every copy has been read in full."""
        for informer in self._informers.values():
            await informer.synced()
