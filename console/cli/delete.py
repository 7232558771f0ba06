"""`orlop delete`: objects end, and the command waits until they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import click

from console.cli import options, printing, targets
from console.cli.durations import Duration
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.printing import Item
from console.cli.session import Session, Settings, note
from console.cli.targets import Target
from controlplane.api import errors
from protos.v1.resources_pb2 import WatchEvent

_CASCADES = {
    "background": "Background",
    "foreground": "Foreground",
    "orphan": "Orphan",
    "true": "Background",
    "false": "Orphan",
}
_PAUSE_SECONDS = 0.2


@dataclass(slots=True)
class Request:
    targets: list[Target]
    labels: str
    fields: str
    grace_seconds: int | None
    cascade: str
    force: bool
    ignore_not_found: bool
    wait: bool
    timeout: float
    output: str
    dry_run: str


@click.command("delete", cls=Verb)
@click.argument("words", nargs=-1, metavar="TYPE NAME… | TYPE/NAME…")
@options.common
@options.all_namespaces
@options.selectors
@options.filenames
@click.option("--all/--no-all", "everything", default=False, help="All of the kind in the namespace.")
@click.option("--grace-period", default=-1, type=int, metavar="SECONDS", help="How long containers may take to end.")
@click.option("--now", is_flag=True, help="A grace period of one second.")
@click.option("--force/--no-force", default=False, help="Remove it at once, without waiting for its containers to end.")
@click.option(
    "--cascade",
    default="background",
    is_flag=False,
    flag_value="background",
    metavar="background|orphan|foreground",
    help="What becomes of what the object owns.",
)
@click.option("--ignore-not-found/--no-ignore-not-found", default=False, help="Missing objects are no failure.")
@click.option("--wait/--no-wait", default=True, help="Return when the objects are gone.")
@click.option("--timeout", default=0.0, type=Duration(), metavar="DURATION", help="Wait no longer than this.")
@options.output("name")
@options.dry_run
@click.pass_obj
def delete(
    settings: Settings, words: Sequence[str], labels: str, fields: str, files: Sequence[str], recursive: bool,
    everything: bool, grace_period: int, now: bool, force: bool, cascade: str, ignore_not_found: bool, wait: bool,
    timeout: float, output: str, dry_run: str,
) -> None:  # fmt: skip
    """Delete objects: by name, by selector, all of a kind, or those in manifests."""
    wanted = targets.given(words, files, recursive=recursive)
    targets.check_selection(wanted, labels=labels, fields=fields, everything=everything)
    if not files and not (everything or labels or fields) and any(not target.name for target in wanted):
        raise CommandError("resource(s) were provided, but no name was specified")
    if cascade not in _CASCADES:
        raise CommandError(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    request = Request(
        wanted, labels, fields, grace_seconds(grace_period, now=now, force=force), _CASCADES[cascade], force,
        ignore_not_found or everything or bool(labels), wait, timeout, output, dry_run,
    )  # fmt: skip
    settings.run(lambda session: _delete(session, request))


def grace_seconds(given: int, *, now: bool, force: bool) -> int | None:
    """The grace period to ask for. Zero is granted to `--force` alone; by itself it means one second."""
    if now and given >= 0:
        raise CommandError("--now and --grace-period cannot be specified together")
    if force and given > 0:
        raise CommandError("--force and --grace-period greater than 0 cannot be specified together")
    if force:
        return 0
    if now or given == 0:
        return 1
    return given if given > 0 else None


async def _delete(session: Session, request: Request) -> None:
    if request.force:
        note(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
            "The resource may continue to run on the cluster indefinitely."
        )
    found = await _find(session, request)
    if not found and not session.failed:
        note("No resources found")
    ended = [item for item in found if await _delete_one(session, request, item)]
    if request.wait and request.dry_run == "none":
        try:
            async with asyncio.timeout(request.timeout or None):
                for item in ended:
                    await _gone(session, item)
        except TimeoutError:
            raise CommandError(f"timed out waiting for the condition on {ended[-1][0].plural}") from None


async def _find(session: Session, request: Request) -> list[Item]:
    found: list[Item] = []
    for target in request.targets:
        try:
            if target.name:
                found.append(
                    (
                        target.kind,
                        await session.client.get(target.kind, target.name, session.home(target.kind, target.namespace)),
                    )
                )
            else:
                scope = session.scope(target.kind)
                listed = await session.client.list(target.kind, scope, labels=request.labels, fields=request.fields)
                found += [(target.kind, obj) for obj in listed.items]
        except errors.NotFound as error:
            if not request.ignore_not_found:
                session.fail(error)
    return found


async def _delete_one(session: Session, request: Request, item: Item) -> bool:
    from controlplane.client.writes import delete_options

    kind, obj = item
    options_given = delete_options(
        grace_seconds=request.grace_seconds, propagation=request.cascade, uid=obj.metadata.uid,
        dry_run=request.dry_run == "server")  # fmt: skip
    try:
        if request.dry_run != "client":
            await session.client.delete(kind, obj.metadata.name, obj.metadata.namespace, options=options_given)
    except errors.NotFound as error:
        if not request.ignore_not_found:
            session.fail(error)
        return False
    except errors.StatusError as error:
        session.fail(error)
        return False
    _tell(request, item)
    return True


def _tell(request: Request, item: Item) -> None:
    kind, obj = item
    if request.output == "name":
        printing.report(kind, obj, "", output="name")
        return
    group = f".{kind.group}" if kind.group else ""
    done = "force deleted" if request.force else "deleted"
    where = f" from {obj.metadata.namespace} namespace" if kind.namespaced else ""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(request.dry_run, "")
    printing.emit(f'{kind.singular}{group} "{obj.metadata.name}" {done}{where}{suffix}')


async def _gone(session: Session, item: Item) -> None:
    """Returns when the object, by its uid, is no longer there."""
    kind, obj = item
    name, namespace = obj.metadata.name, obj.metadata.namespace
    while True:
        try:
            live = await session.client.get(kind, name, namespace)
            if live.metadata.uid != obj.metadata.uid:
                return
            version = live.metadata.resource_version
            async for batch in session.client.watch(
                kind, namespace, fields=f"metadata.name={name}", resource_version=version
            ):
                if any(change.type == WatchEvent.DELETED for change in batch):
                    return
        except errors.NotFound:
            return
        except (errors.Expired, errors.Unavailable):
            await asyncio.sleep(_PAUSE_SECONDS)
