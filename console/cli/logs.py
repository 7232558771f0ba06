"""`orlop logs`: what containers print."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from console.cli import options, targets
from console.cli.durations import Duration
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings, note
from console.cli.targets import Target
from controlplane.api import errors, registry, times
from controlplane.api.labels import from_label_selector, from_map
from controlplane.api.objects import ApiObject, condition_is
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_TAIL_OF_MANY = 10
_PHASES = ("Running", "Pending", "Unknown", "Succeeded", "Failed")


@dataclass(slots=True)
class Request:
    """The flags of `logs`."""

    container: str
    all_containers: bool
    follow: bool
    previous: bool
    since_seconds: int | None
    tail: int
    timestamps: bool
    prefix: bool
    most_streams: int


@dataclass(frozen=True, slots=True)
class Stream:
    """The output of one container."""

    namespace: str
    pod: str
    container: str

    @property
    def label(self) -> str:
        return f"[pod/{self.pod}/{self.container}] "


@dataclass(slots=True)
class Output:
    """Writes bytes as they are; where several streams meet, or each line names its stream, in whole lines."""

    by_line: bool
    prefix: bool
    _rests: dict[Stream, bytes] = field(default_factory=dict)

    def write(self, stream: Stream, data: bytes) -> None:
        if not self.by_line:
            _out(data)
            return
        *lines, rest = (self._rests.pop(stream, b"") + data).split(b"\n")
        self._rests[stream] = rest
        self._lines(stream, lines)

    def end(self, stream: Stream) -> None:
        if rest := self._rests.pop(stream, b""):
            self._lines(stream, [rest])

    def _lines(self, stream: Stream, lines: Sequence[bytes]) -> None:
        prefix = stream.label.encode() if self.prefix else b""
        if lines:
            _out(b"".join(prefix + line + b"\n" for line in lines))


def _out(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _since_time(_context: click.Context, _parameter: click.Parameter, value: str) -> float | None:
    try:
        return times.parse_time(value) if value else None
    except ValueError as error:
        raise click.UsageError(f"invalid argument for --since-time: {error}") from error


@click.command("logs", cls=Verb)
@click.argument("words", nargs=-1, metavar="POD | TYPE/NAME [CONTAINER]")
@options.common
@click.option("-c", "--container", default="", help="The container; the pod's default one if left out.")
@click.option("--all-containers/--no-all-containers", default=False, help="All containers of the pod.")
@click.option("-l", "--selector", "labels", default="", metavar="LABELS", help="All pods whose labels match.")
@click.option("-f", "--follow/--no-follow", default=False, help="Go on with new output.")
@click.option("-p", "--previous/--no-previous", default=False, help="The output of the run before this one.")
@click.option("--since", default=0.0, type=Duration(), metavar="DURATION", help="Only what is younger than this.")
@click.option("--since-time", default="", callback=_since_time, metavar="TIME", help="Only what is younger, RFC 3339.")
@click.option("--tail", default=-1, type=int, metavar="LINES", help="Only the last lines; -1 for all.")
@click.option("--timestamps/--no-timestamps", default=False, help="The time before each line.")
@click.option("--prefix/--no-prefix", default=False, help="Pod and container before each line.")
@click.option("--max-log-requests", default=5, type=click.IntRange(1), help="How many containers may be followed at once.")
@click.pass_obj
def logs(
    settings: Settings, words: Sequence[str], container: str, all_containers: bool, labels: str, follow: bool,
    previous: bool, since: float, since_time: float | None, tail: int, timestamps: bool, prefix: bool, max_log_requests: int,
) -> None:  # fmt: skip
    """Show what containers print: logs POD, logs deployment/web, logs -l app=web"""
    if labels and words:
        raise CommandError("only a selector (-l) or a POD name is allowed")
    if since and since_time is not None:
        raise CommandError("at most one of `sinceTime` or `sinceSeconds` may be specified")
    about, named = _split(words, container)
    if not labels and not about:
        raise CommandError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'")
    if labels and tail < 0:
        tail = _TAIL_OF_MANY
    target = targets.one(about, registry.PODS) if about else None

    async def work(session: Session) -> None:
        seconds = max(1, round(session.now() - since_time)) if since_time is not None else round(since) or None
        request = Request(
            named, all_containers, follow, previous, seconds, tail, timestamps, prefix, max_log_requests)  # fmt: skip
        pods = await _pods(session, target, labels)
        await _show(session, [stream for pod in pods for stream in streams(pod, request)], request)

    settings.run(work)


def _split(words: Sequence[str], container: str) -> tuple[list[str], str]:
    """What it is about, and the container, which may be the second word: `logs web-1 sidecar`."""
    about = list(words)
    if len(about) == 2 and (("/" in about[0]) or registry.by_word(about[0]) is None):
        if container:
            raise CommandError("only one of -c or an inline [CONTAINER] arg is allowed")
        container = about.pop()
    return about, container


async def _pods(session: Session, target: Target | None, labels: str) -> list[core.Pod]:
    if target is None:
        found = (await session.client.list(registry.PODS, session.scope(registry.PODS), labels=labels)).items
        if not found:
            note(f"No resources found in {session.namespace} namespace.")
        return found
    obj: ApiObject = await session.client.get(target.kind, target.name, session.home(target.kind, target.namespace))
    if isinstance(obj, core.Pod):
        return [obj]
    selector = _selector(obj, target)
    behind = (await session.client.list(registry.PODS, obj.metadata.namespace, labels=selector)).items
    if not behind:
        raise CommandError(f"{target.kind.singular}/{target.name} has no pods")
    chosen = most_telling(behind)
    if len(behind) > 1:
        note(f"Found {len(behind)} pods, using pod/{chosen.metadata.name}")
    return [chosen]


def _selector(obj: ApiObject, target: Target) -> str:
    if isinstance(obj, (apps.Deployment, apps.ReplicaSet)):
        return str(from_label_selector(obj.spec.selector))
    if isinstance(obj, core.Service) and obj.spec.selector:
        return str(from_map(obj.spec.selector))
    raise CommandError(f"cannot get the logs from {target.kind.resource}: no pods belong to it")


def most_telling(pods: Sequence[core.Pod]) -> core.Pod:
    """The pod whose logs are worth most: on a node, running, ready, restarted, young."""

    def rank(pod: core.Pod) -> tuple[object, ...]:
        phase = pod.status.phase if pod.status.phase in _PHASES else "Unknown"
        restarts = max((status.restart_count for status in pod.status.container_statuses), default=0)
        return (
            not pod.spec.node_name, _PHASES.index(phase), not condition_is(pod.status.conditions, "Ready"), -restarts,
            -pod.metadata.creation_timestamp.seconds, pod.metadata.name,
        )  # fmt: skip

    return min(pods, key=rank)


def streams(pod: core.Pod, request: Request) -> list[Stream]:
    """The containers that are asked for. Tells which one is taken when none is named and there are several."""
    names = [c.name for c in pod.spec.containers]
    every = [c.name for c in pod.spec.init_containers] + names
    if request.all_containers:
        return [_stream(pod, name) for name in every]
    if request.container:
        if request.container not in every:
            raise CommandError(
                f"container {request.container} is not valid for pod {pod.metadata.name}; it has {', '.join(every)}"
            )
        return [_stream(pod, request.container)]
    marked = pod.metadata.annotations.get(_DEFAULT_CONTAINER, "")
    chosen = marked if marked in every else names[0]
    if len(every) > 1 and chosen != marked:
        inits = [f"{c.name} (init)" for c in pod.spec.init_containers]
        note(f'Defaulted container "{chosen}" out of: {", ".join(names + inits)}')
    return [_stream(pod, chosen)]


def _stream(pod: core.Pod, container: str) -> Stream:
    return Stream(pod.metadata.namespace, pod.metadata.name, container)


async def _show(session: Session, wanted: Sequence[Stream], request: Request) -> None:
    if not request.follow or len(wanted) <= 1:
        output = Output(by_line=request.prefix, prefix=request.prefix)
        for stream in wanted:
            await _copy(session, stream, request, output)
        return
    if len(wanted) > request.most_streams:
        raise CommandError(
            f"you are attempting to follow {len(wanted)} log streams, but maximum allowed concurrency is "
            f"{request.most_streams}, use --max-log-requests to increase the limit"
        )
    output = Output(by_line=True, prefix=request.prefix)
    async with asyncio.TaskGroup() as group:
        for stream in wanted:
            group.create_task(_copy(session, stream, request, output), name=stream.label)


async def _copy(session: Session, stream: Stream, request: Request, output: Output) -> None:
    pieces = session.client.logs(
        stream.pod, stream.namespace, container=stream.container, follow=request.follow,
        previous=request.previous, tail_lines=request.tail if request.tail >= 0 else None,
        since_seconds=request.since_seconds, timestamps=request.timestamps,
    )  # fmt: skip
    try:
        async for data in pieces:
            output.write(stream, data)
    except errors.StatusError as error:
        session.fail(error)
    finally:
        output.end(stream)
