"""All pods of the node: each has at most one worker at a time, woken by the API, by Docker, by probes and by the clock.

What belongs to pods that the API does not know is ended and removed, but only once a full list of pods was received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from controlplane.api import errors
from controlplane.client.informer import Informer
from controlplane.client.queue import WorkQueue
from dataplane.agent.specs import pod_name
from dataplane.agent.tools import Memory, Tools
from dataplane.agent.worker import PodWorker
from dataplane.network.errors import NetworkError
from dataplane.runtime.types import PodName, RuntimeFailure
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

UID_INDEX = "uid"
_LONGEST_PAUSE_SECONDS = 10.0
_RECONNECT_SECONDS = 1.0


def by_uid(pod: core.Pod) -> Iterable[str]:
    return (pod.metadata.uid,)


class Pods:
    """`informer` shows the pods of this node and has the index `uid`."""

    def __init__(self, informer: Informer[core.Pod], *, clock: Callable[[], float]) -> None:
        self._informer, self._clock = informer, clock
        self._queue: WorkQueue[str] = WorkQueue(first_pause=0.1, longest_pause=_LONGEST_PAUSE_SECONDS)
        self._memories: dict[str, Memory] = {}
        self._names: dict[str, PodName] = {}
        informer.subscribe(self._changed)

    def wake(self, uid: str) -> None:
        self._queue.add(uid)

    def refused(self, uid: str) -> None:
        """A write was refused: it is made anew from what the API shows then."""
        memory = self._memories.get(uid)
        if memory is not None:
            memory.reported, memory.finished = None, False
        self._queue.add_after(uid, _RECONNECT_SECONDS)

    async def run(self, tools: Tools) -> None:
        await self._informer.synced()
        await self._remove_leftovers(tools)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(tools), name="docker events")
            while True:
                uid = await self._queue.get()
                group.create_task(self._work(tools, uid), name=f"pod {uid}")

    def _changed(self, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        self._names[pod.metadata.uid] = pod_name(pod)
        self._queue.add(pod.metadata.uid)
        if old is not None and new is not None and old.metadata.uid != new.metadata.uid:
            self._queue.add(old.metadata.uid)

    async def _work(self, tools: Tools, uid: str) -> None:
        pod = next(iter(self._informer.by_index(UID_INDEX, uid)), None)
        memory = self._memories.setdefault(uid, Memory())
        try:
            wake_at = await PodWorker(tools, self._names[uid], memory).work(pod)
        except (RuntimeFailure, NetworkError, errors.StatusError) as failure:
            pause = self._queue.retry(uid)
            log.warning("pod not where it should be", pod=_shown(self._names[uid]), error=str(failure), retry_in=pause)
            return
        except Exception:
            # A fault in the agent concerns one pod; the others go on.
            log.exception("pod failed", pod=_shown(self._names[uid]))
            self._queue.retry(uid)
            return
        self._queue.done(uid)
        if pod is None and not self._informer.by_index(UID_INDEX, uid):
            self._memories.pop(uid, None)
        elif wake_at is not None:
            self._queue.add_after(uid, wake_at - self._clock())

    async def _listen(self, tools: Tools) -> None:
        """Docker's events wake pods; whenever some may have been missed, all are looked at."""
        while True:
            try:
                async for name in tools.runtime.events():
                    for one in [name] if name is not None else await self._all(tools):
                        self._names[one.uid] = one
                        self._queue.add(one.uid)
            except RuntimeFailure as failure:
                log.warning("Docker does not answer", error=str(failure))
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _all(self, tools: Tools) -> list[PodName]:
        return [*await tools.runtime.pods(), *(pod_name(pod) for pod in self._informer)]

    async def _remove_leftovers(self, tools: Tools) -> None:
        """Links and volumes of pods that neither the API nor Docker knows any more."""
        try:
            known = {one.uid for one in await self._all(tools)}
        except RuntimeFailure:
            return
        for uid in {*tools.network.addresses, *await tools.maker.left()} - known:
            log.info("removing what is left of a pod", pod_uid=uid)
            await tools.network.unplug(uid)
            await tools.maker.forget(uid)


def _shown(name: PodName) -> str:
    return f"{name.namespace}/{name.name}"
