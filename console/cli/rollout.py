"""`orlop rollout`: follow a rollout, look at its history, go back, restart, pause and resume."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from console.cli import options, printing, targets
from console.cli.durations import Duration
from console.cli.failures import CommandError
from console.cli.grammar import Verb, Verbs
from console.cli.session import Session, Settings
from console.cli.targets import Target
from console.printers.structured import to_name
from controlplane.api import errors, registry, rollouts, times
from controlplane.api.objects import ApiObject
from protos.v1 import apps_pb2 as apps

KIND = registry.DEPLOYMENTS

_Step = Callable[[Session, apps.Deployment], Awaitable[None]]


@click.group("rollout", cls=Verbs)
def rollout() -> None:
    """Follow, undo, restart, pause and resume the rollouts of deployments."""


def _about(command: Any) -> Any:
    """The words, files and selector that say which deployments."""
    command = options.filenames(options.common(command))
    command = click.option("-l", "--selector", "labels", default="", metavar="LABELS", help="All whose labels match.")(
        command
    )
    return click.argument("words", nargs=-1, metavar="TYPE NAME… | TYPE/NAME…")(command)


def _each(settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, step: _Step) -> None:
    """Does the step for every deployment that is meant. What fails for one is told, the others go on."""
    if not words and not files:
        raise CommandError("required resource not specified: TYPE NAME or TYPE/NAME")
    wanted = targets.given(words, files, recursive=recursive)
    targets.check_selection(wanted, labels=labels)
    for target in wanted:
        _check_kind(target)

    async def work(session: Session) -> None:
        from controlplane.client.workloads import Refused

        for _, obj in await targets.objects(session, wanted, labels=labels):
            assert isinstance(obj, apps.Deployment)
            try:
                await step(session, obj)
            except (errors.StatusError, rollouts.RolloutError, Refused) as error:
                session.fail(error)

    settings.run(work)


def _check_kind(target: Target) -> None:
    if target.kind is not KIND:
        raise CommandError(f"{target.kind.resource} have no rollouts; {KIND.resource} do")


@rollout.command("status", cls=Verb)
@_about
@click.option("-w", "--watch/--no-watch", default=True, help="Wait until the rollout is done.")
@click.option("--revision", default=0, type=click.IntRange(0), help="Fail when another revision takes over.")
@click.option("--timeout", default=0.0, type=Duration(), metavar="DURATION", help="Wait no longer than this.")
@click.pass_obj
def _status(
    settings: Settings,
    words: Sequence[str],
    files: Sequence[str],
    recursive: bool,
    labels: str,
    watch: bool,
    revision: int,
    timeout: float,
) -> None:
    """Tell how far a rollout is, until it is done."""

    async def step(session: Session, deployment: apps.Deployment) -> None:
        if not watch:
            printing.emit(rollouts.status_message(deployment, revision)[0])
            return
        try:
            async with asyncio.timeout(timeout or None):
                await _follow(session, deployment, revision)
        except TimeoutError:
            raise rollouts.RolloutError("timed out waiting for the condition") from None

    _each(settings, words, files, recursive, labels, step)


async def _follow(session: Session, deployment: apps.Deployment, revision: int) -> None:
    from controlplane.client.workloads import follow_rollout

    async for message in follow_rollout(session.client, *_place(deployment), revision):
        printing.emit(message)


@rollout.command("history", cls=Verb)
@_about
@click.option("--revision", default=0, type=click.IntRange(0), help="Show this revision's pod template.")
@options.output()
@click.pass_obj
def _history(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, revision: int, output: str
) -> None:
    """List the revisions, or show one."""

    async def step(session: Session, deployment: apps.Deployment) -> None:
        from controlplane.client.workloads import replica_sets_of

        owned = await replica_sets_of(session.client, deployment)
        entries = rollouts.history(deployment, owned)
        if output:
            chosen = [one for one in owned if not revision or rollouts.revision(one) == revision]
            printing.emit(printing.document(output, [(registry.REPLICA_SETS, one) for one in chosen], single=bool(revision)))
        elif revision:
            printing.emit(_one_revision(deployment, entries, revision))
        else:
            printing.emit(_all_revisions(deployment, entries))

    _each(settings, words, files, recursive, labels, step)


def _one_revision(deployment: apps.Deployment, entries: Sequence[rollouts.Revision], number: int) -> str:
    from console.printers.containers import template_lines
    from console.printers.page import Page

    entry = next((entry for entry in entries if entry.number == number), None)
    if entry is None:
        raise rollouts.RolloutError("unable to find the specified revision")
    page = Page()
    page.line(f"{_name(deployment)} with revision #{number}")
    template_lines(page, entry.template)
    return page.text()


def _all_revisions(deployment: apps.Deployment, entries: Sequence[rollouts.Revision]) -> str:
    from console.printers.layout import tabbed

    if not entries:
        return f"{_name(deployment)} \nNo rollout history found."
    rows = [f"{entry.number}\t{entry.change_cause or '<none>'}" for entry in entries]
    return tabbed("\n".join([f"{_name(deployment)} ", "REVISION\tCHANGE-CAUSE", *rows])) + "\n\n"


@rollout.command("undo", cls=Verb)
@_about
@click.option(
    "--to-revision", default=0, type=click.IntRange(0), help="The revision to go back to; the last but one by default."
)
@options.output()
@options.dry_run
@click.pass_obj
def _undo(
    settings: Settings,
    words: Sequence[str],
    files: Sequence[str],
    recursive: bool,
    labels: str,
    to_revision: int,
    output: str,
    dry_run: str,
) -> None:
    """Go back to an earlier revision."""

    async def step(session: Session, deployment: apps.Deployment) -> None:
        from controlplane.client.workloads import undo

        done = await undo(session.client, *_place(deployment), to_revision, dry_run=dry_run != "none")
        printing.report(KIND, deployment, done, output=output, dry_run=dry_run)

    _each(settings, words, files, recursive, labels, step)


@rollout.command("restart", cls=Verb)
@_about
@options.output()
@options.dry_run
@click.pass_obj
def _restart(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, output: str, dry_run: str
) -> None:
    """Replace all pods, a few at a time."""

    async def step(session: Session, deployment: apps.Deployment) -> None:
        from controlplane.client.workloads import restart

        at = times.format_time(times.to_time(session.now()))
        stored = await restart(session.client, *_place(deployment), at, dry_run=dry_run != "none")
        printing.report(KIND, stored, "restarted", output=output, dry_run=dry_run)

    _each(settings, words, files, recursive, labels, step)


@rollout.command("pause", cls=Verb)
@_about
@options.output()
@options.dry_run
@click.pass_obj
def _pause(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, output: str, dry_run: str
) -> None:
    """Hold further rollouts back."""
    _each(settings, words, files, recursive, labels, _pausing(True, output, dry_run))


@rollout.command("resume", cls=Verb)
@_about
@options.output()
@options.dry_run
@click.pass_obj
def _resume(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, output: str, dry_run: str
) -> None:
    """Go on with rollouts that were held back."""
    _each(settings, words, files, recursive, labels, _pausing(False, output, dry_run))


def _pausing(paused: bool, output: str, dry_run: str) -> _Step:
    async def step(session: Session, deployment: apps.Deployment) -> None:
        from controlplane.client.workloads import set_paused

        stored = await set_paused(session.client, *_place(deployment), paused, dry_run=dry_run != "none")
        printing.report(KIND, stored, "paused" if paused else "resumed", output=output, dry_run=dry_run)

    return step


def _name(deployment: ApiObject) -> str:
    return to_name(KIND, deployment.metadata.name)


def _place(deployment: ApiObject) -> tuple[str, str]:
    return deployment.metadata.name, deployment.metadata.namespace
