"""The manager's local copies: one informer for each kind, shared by all controllers, with every index any of them uses.

Kinds that users define come and go with their definitions; the catalogue remembers those that are gone, so that references
to them can still be told from references to nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from controlplane.api import registry
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import T
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.controllers.view import Index
from controlplane.manager.controller import Controller
from protos.v1.apiextensions_pb2 import CustomResourceDefinition

Callback = Callable[[Informer[Any]], None]


class Copies:
    """Implements the controllers' `View` and the expectations' `Copy`."""

    def __init__(self, client: Client, controllers: Iterable[Controller[Any]]) -> None:
        self.catalogue = Catalogue()
        self._client = client
        kinds: dict[str, Kind[Any]] = {}
        indexes: dict[str, dict[str, Any]] = {}
        self._custom_indexes: dict[str, Any] = {}
        for controller in controllers:
            for watch in controller.watches:
                kinds[watch.kind.resource] = watch.kind
            for read in controller.reads:
                kinds[read.kind.resource] = read.kind
                indexes.setdefault(read.kind.resource, {})[read.index.name] = read.index.values
            if controller.custom is not None:
                kinds[registry.CUSTOM_RESOURCE_DEFINITIONS.resource] = registry.CUSTOM_RESOURCE_DEFINITIONS
                self._custom_indexes |= {index.name: index.values for index in controller.custom.indexes}
        self._informers = {
            resource: Informer(client, kind, indexes=indexes.get(resource)) for resource, kind in kinds.items()
        }  # fmt: skip
        self._custom: dict[str, Informer[Any]] = {}
        self._following: list[tuple[Callback, Callback]] = []
        self._changed = asyncio.Event()
        if registry.CUSTOM_RESOURCE_DEFINITIONS.resource in self._informers:
            self.of(registry.CUSTOM_RESOURCE_DEFINITIONS).subscribe(self._define)

    def of(self, kind: Kind[T]) -> Informer[T]:
        """Raises KeyError for a kind without a copy."""
        informers = self._informers if kind.resource in self._informers else self._custom
        return cast("Informer[T]", informers[kind.resource])

    @property
    def informers(self) -> Iterable[Informer[Any]]:
        """Those of the kinds that are always there."""
        return self._informers.values()

    def follow_custom(self, joins: Callback, leaves: Callback) -> None:
        """Calls `joins` for every informer of a custom kind, now and later, and `leaves` when one has gone."""
        self._following.append((joins, leaves))
        for informer in self._custom.values():
            joins(informer)

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None:
        return self.of(kind).get(name, namespace) if self._has(kind) else None

    def select(self, kind: Kind[T], index: Index[T], value: str) -> Sequence[T]:
        return self.of(kind).by_index(index.name, value) if self._has(kind) else ()

    def all(self, kind: Kind[T]) -> Iterable[T]:
        return self.of(kind) if self._has(kind) else ()

    def revision(self, kind: Kind[Any]) -> int:
        """How far the copy has come; a kind that is gone lags behind nothing."""
        return int(self.of(kind).resource_version or 0) if self._has(kind) else sys.maxsize

    async def run(self) -> None:
        """Keeps the copies current until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for resource, informer in self._informers.items():
                tasks.create_task(informer.run(), name=f"informer-{resource}")
            await self._run_custom(tasks)

    async def synced(self) -> None:
        """Returns once every copy of a kind that is always there has been read in full."""
        for informer in self._informers.values():
            await informer.synced()

    def _has(self, kind: Kind[Any]) -> bool:
        return kind.resource in self._informers or kind.resource in self._custom

    def _define(self, old: CustomResourceDefinition | None, new: CustomResourceDefinition | None) -> None:
        kind = self.catalogue.define(new) if new is not None else None
        if kind is not None and kind.resource not in self._custom:
            informer: Informer[Any] = Informer(self._client, kind, indexes=self._custom_indexes)
            self._custom[kind.resource] = informer
            for joins, _ in self._following:
                joins(informer)
        elif old is not None and new is None:
            self._drop(old.metadata.name)
        self._changed.set()

    def _drop(self, resource: str) -> None:
        gone = self._custom.pop(resource, None)
        if gone is not None:
            gone.clear()
            for _, leaves in self._following:
                leaves(gone)

    async def _run_custom(self, tasks: asyncio.TaskGroup) -> None:
        """Runs an informer for each custom kind there is, and none for those that are gone."""
        running: dict[Informer[Any], asyncio.Task[None]] = {}
        while True:
            there = set(self._custom.values())
            for informer in running.keys() - there:
                running.pop(informer).cancel()
            for informer in there - running.keys():
                running[informer] = tasks.create_task(informer.run(), name=f"informer-{informer.kind.resource}")
            self._changed.clear()
            await self._changed.wait()
