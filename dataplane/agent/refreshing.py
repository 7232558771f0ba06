"""Keeps the files in pods' volumes current: they follow the objects, labels and annotations that they come from, and tokens
are renewed in time.

What cannot be renewed stays as it is and is tried again. An agent that starts anew goes on with the volumes that it finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from controlplane.api.objects import is_terminating
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from controlplane.client.queue import WorkQueue
from dataplane.agent.mounting import Mounter
from dataplane.agent.phases import TERMINAL
from dataplane.agent.pods import UID_INDEX
from dataplane.agent.references import References
from dataplane.agent.tokens import Tokens
from dataplane.volumes.payload import file_volumes
from dataplane.volumes.problems import MountProblem
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

_PAUSE_SECONDS = (0.2, 60.0)
_BUSY_SECONDS = 0.5


class Refresher:
    """`informer` shows the pods of this node and has the index `uid`; `wake` is told of pods whose volumes may be had."""

    def __init__(
        self,
        informer: Informer[core.Pod],
        mounter: Mounter,
        tokens: Tokens,
        references: References,
        recorder: EventRecorder,
        *,
        wake: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._informer, self._mounter, self._tokens, self._recorder = informer, mounter, tokens, recorder
        self._wake, self._clock = wake, clock
        first, longest = _PAUSE_SECONDS
        self._queue: WorkQueue[str] = WorkQueue(first_pause=first, longest_pause=longest)
        self._left: set[str] = set()  # uids of pods whose volumes were there before this agent
        mounter.subscribe(self._queue.add)  # something may have changed meanwhile
        references.subscribe(self._source_changed)

    async def run(self) -> None:
        """Until cancelled."""
        await self._informer.synced()
        self._informer.subscribe(self._pod_changed)
        self._left.update(await self._mounter.left())
        for uid in self._left:
            self._queue.add(uid)
        async with asyncio.TaskGroup() as group:
            while True:
                uid = await self._queue.get()
                group.create_task(self._refresh(uid), name=f"volumes of {uid}")

    def _pod(self, uid: str) -> core.Pod | None:
        return next(iter(self._informer.by_index(UID_INDEX, uid)), None)

    def _source_changed(self, uid: str) -> None:
        if self._mounter.has(uid):
            self._queue.add(uid)
        else:
            self._wake(uid)

    def _pod_changed(self, old: core.Pod | None, new: core.Pod | None) -> None:
        if old is None or new is None or not self._mounter.has(new.metadata.uid):
            return
        facts = [(pod.metadata.labels, pod.metadata.annotations, pod.status.phase in TERMINAL) for pod in (old, new)]
        if facts[0] != facts[1]:
            self._queue.add(new.metadata.uid)

    async def _refresh(self, uid: str) -> None:
        pod, is_left = self._pod(uid), uid in self._left
        self._left.discard(uid)
        if pod is None or not file_volumes(pod) or not (is_left or self._mounter.has(uid)):
            self._queue.done(uid)
        elif pod.status.phase in TERMINAL:
            self._mounter.rest(uid)
            self._queue.done(uid)
        else:
            await self._update(pod, is_left=is_left)

    async def _update(self, pod: core.Pod, *, is_left: bool) -> None:
        uid = pod.metadata.uid
        try:
            if is_left:
                await self._mounter.adopt(pod)
            is_done = await self._mounter.update(pod)
        except (MountProblem, OSError) as problem:
            if not is_terminating(pod):  # what ends together with its namespace is no news
                self._recorder.record(pod, "Warning", "FailedMount", str(problem))
            self._queue.retry(uid)
        except Exception:
            # A fault in the agent concerns one pod; the others go on.
            log.exception("volumes not refreshed", pod=pod.metadata.name, namespace=pod.metadata.namespace)
            self._queue.retry(uid)
        else:
            self._queue.done(uid)
            if is_done:
                self._schedule(uid)
            else:
                self._queue.add_after(uid, _BUSY_SECONDS)

    def _schedule(self, uid: str) -> None:
        """Comes back when the first token is to be renewed."""
        due = self._tokens.due(uid)
        if due is not None:
            self._queue.add_after(uid, due - self._clock())
