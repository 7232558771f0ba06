"""Logs of several pods in one stream of cleaned lines. Pods that appear later join; a stream that breaks is taken up again.

Lines are handed on at most ten times a second; the reader waits meanwhile, so a flood fills no memory here.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from console.tui.model.sanitize import clean, clean_line
from console.tui.model.views import LogLine, LogRequest
from controlplane.api import errors
from controlplane.api.objects import ApiObject, key_of
from protos.v1 import core_pb2 as core

if TYPE_CHECKING:
    from controlplane.client.client import Client

_FLUSH_SECONDS = 0.1
_LOOK_SECONDS = 0.5
_MOST_PENDING = 5_000
# A line that never ends is cut here.
_LONGEST = 64 * 1024


class Pods(Protocol):
    """The pods there are now."""

    def objects(self) -> Iterable[ApiObject]: ...


class Run(NamedTuple):
    """One life of a container; after a restart it is another."""

    uid: str
    container: str
    restarts: int


class Lines:
    """Bytes in pieces into whole lines of text."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, data: bytes) -> list[str]:
        *whole, self._rest = (self._rest + self._decode.decode(data)).split("\n")
        if len(self._rest) > _LONGEST:
            whole.append(self._rest)
            self._rest = ""
        return [clean_line(line.rstrip("\r")) for line in whole]

    def end(self) -> list[str]:
        rest, self._rest = self._rest, ""
        return [clean_line(rest)] if rest else []


class LogStream:
    """A running request: follows every container that it picks until it is closed."""

    def __init__(self, request: LogRequest, pods: Pods, deliver: Callable[[Sequence[LogLine]], None]) -> None:
        self._request, self._pods, self._deliver = request, pods, deliver
        self._pending: list[LogLine] = []
        self._room = asyncio.Event()
        self._room.set()
        self._paused = False
        self._task: asyncio.Task[None] | None = None

    def start(self, client: Client, group: asyncio.TaskGroup) -> None:
        self._task = group.create_task(self._run(client), name="logs")

    def pause(self, paused: bool, /) -> None:
        self._paused = paused

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self, client: Client) -> None:
        followed: set[Run] = set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._flush(), name="flush")
            while True:
                for pod, run in self._runs():
                    if run not in followed:
                        group.create_task(self._follow(client, pod, run, again=bool(followed)), name=f"log {key_of(pod)}")
                        followed.add(run)
                await asyncio.sleep(_LOOK_SECONDS)

    def _runs(self) -> Iterable[tuple[core.Pod, Run]]:
        for pod in self._pods.objects():
            if isinstance(pod, core.Pod) and self._request.keeps(pod):
                run = _run_of(pod, self._request)
                if run is not None:
                    yield pod, run

    async def _follow(self, client: Client, pod: core.Pod, run: Run, *, again: bool) -> None:
        """To the end of the container's life, over lost connections."""
        request, key = self._request, key_of(pod)
        source = clean(_short_name(pod)) if request.names_pods else ""
        tail, since = request.tail_lines if not again else None, request.since_seconds
        while True:
            lines, heard = Lines(), asyncio.get_running_loop().time()
            try:
                async for data in client.logs(
                    key.name, key.namespace, container=run.container, follow=not request.previous,
                    previous=request.previous, tail_lines=tail, since_seconds=since, timestamps=request.timestamps,
                ):  # fmt: skip
                    heard = asyncio.get_running_loop().time()
                    await self._say(source, lines.feed(data))
                await self._say(source, lines.end())
                return
            except errors.Unavailable:
                await self._say(source, [*lines.end(), "── connection lost; lines may be missing or told twice ──"])
                await asyncio.sleep(1.0)
                tail, since = None, int(asyncio.get_running_loop().time() - heard) + 1
            except errors.StatusError as error:
                await self._say(source, [f"── {clean(str(error))} ──"])
                return

    async def _say(self, source: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        await self._room.wait()
        self._pending.extend(LogLine(line, source) for line in lines)
        if len(self._pending) > _MOST_PENDING:
            self._room.clear()

    async def _flush(self) -> None:
        while True:
            if self._pending and not self._paused:
                lines, self._pending = self._pending, []
                self._room.set()
                self._deliver(lines)
            await asyncio.sleep(_FLUSH_SECONDS)


class LogStreams:
    """Starts streams; those asked for before there is a client wait for it."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._group: asyncio.TaskGroup | None = None
        self._waiting: list[LogStream] = []

    def attach(self, client: Client, group: asyncio.TaskGroup) -> None:
        self._client, self._group = client, group
        for stream in self._waiting:
            stream.start(client, group)
        self._waiting.clear()

    def open(self, request: LogRequest, pods: Pods, deliver: Callable[[Sequence[LogLine]], None]) -> LogStream:
        stream = LogStream(request, pods, deliver)
        if self._client is not None and self._group is not None:
            stream.start(self._client, self._group)
        else:
            self._waiting.append(stream)
        return stream


def _run_of(pod: core.Pod, request: LogRequest) -> Run | None:
    """The present life of the container asked for, once it has begun."""
    name = request.container or (pod.spec.containers[0].name if pod.spec.containers else "")
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        begun = status.state.HasField("running") or status.state.HasField("terminated") or status.restart_count
        if status.name == name and begun:
            return Run(pod.metadata.uid, name, 0 if request.previous else status.restart_count)
    return None


def _short_name(pod: core.Pod) -> str:
    """The end of the name, which tells the pods of a workload apart."""
    return pod.metadata.name.removeprefix(pod.metadata.generate_name) or pod.metadata.name
