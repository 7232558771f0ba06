"""The ConfigMaps and Secrets that volumes of the node's pods come from.

Each is followed by a watch of its own, which is all that a node may read, from the first pod that refers to it to the last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from controlplane.api.objects import T
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from dataplane.volumes.problems import MountProblem

_PATIENCE_SECONDS = 2.0

_Key: TypeAlias = tuple[str, str, str]  # resource, namespace, name


@dataclass(slots=True)
class _Followed:
    """`settled` is set once there is a first copy, or there will be none as nobody follows any more."""

    informer: Informer[Any]
    task: asyncio.Task[None]
    settled: asyncio.Event
    pods: set[str] = field(default_factory=set)


class References:
    """`group` owns the watches."""

    def __init__(self, client: Client, group: asyncio.TaskGroup) -> None:
        self._client, self._group = client, group
        self._followed: dict[_Key, _Followed] = {}
        self._handlers: list[Callable[[str], None]] = []

    def subscribe(self, handler: Callable[[str], None]) -> None:
        """Calls `handler` with the uid of every pod that refers to an object that has changed."""
        self._handlers.append(handler)

    async def get(self, pod_uid: str, kind: Kind[T], namespace: str, names: Iterable[str]) -> dict[str, T]:
        """Those that exist, by name; they are followed until the pod is released. Raises MountProblem while the API server
        does not tell."""
        found = {}
        for name in sorted(names):
            followed = self._follow(kind, namespace, name)
            followed.pods.add(pod_uid)
            if not followed.informer.is_synced:
                await _synced(followed)
            obj = followed.informer.get(name, namespace)
            if obj is not None:
                found[name] = cast("T", obj)
        return found

    def release(self, pod_uid: str) -> None:
        """Stops to follow what only this pod refers to."""
        for key, followed in list(self._followed.items()):
            followed.pods.discard(pod_uid)
            if not followed.pods:
                followed.task.cancel()
                del self._followed[key]

    def _follow(self, kind: Kind[Any], namespace: str, name: str) -> _Followed:
        key = (kind.resource, namespace, name)
        followed = self._followed.get(key)
        if followed is None:
            informer: Informer[Any] = Informer(self._client, kind, namespace=namespace, fields=f"metadata.name={name}")
            settled = asyncio.Event()
            informer.subscribe(lambda _old, _new: self._tell(key))
            informer.after_batch(settled.set)
            task = self._group.create_task(informer.run(), name=f"informer {kind.plural} {namespace}/{name}")
            task.add_done_callback(lambda _: settled.set())
            followed = self._followed[key] = _Followed(informer, task, settled)
        return followed

    def _tell(self, key: _Key) -> None:
        """The first copy is nothing new: who asked for it waits for it."""
        followed = self._followed.get(key)
        if followed is not None and followed.informer.is_synced:
            for pod_uid in followed.pods:
                for handler in self._handlers:
                    handler(pod_uid)


async def _synced(followed: _Followed) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await followed.settled.wait()
    if not followed.informer.is_synced:
        what = followed.informer.kind.name.lower()
        raise MountProblem(f"failed to sync {what} cache: timed out waiting for the condition")
