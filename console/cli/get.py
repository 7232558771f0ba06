"""`orlop get`: objects in tables, YAML, JSON or names, once or as they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.printing import TableStyle, TableWriter
from console.cli.session import Session, Settings, note
from console.cli.targets import Target
from controlplane.api import errors
from controlplane.api.objects import ApiObject
from protos.v1.resources_pb2 import WatchEvent

_Seen = tuple[WatchEvent.Type.ValueType, ApiObject]


@dataclass(slots=True)
class Request:
    """The flags of `get`."""

    targets: list[Target]
    output: str
    labels: str
    fields: str
    watch: bool
    watch_only: bool
    ignore_not_found: bool
    style: TableStyle = field(default_factory=TableStyle)

    @property
    def structured(self) -> bool:
        return self.output in ("yaml", "json", "name")

    @property
    def single(self) -> bool:
        """One object by its name, which is shown without a List around it."""
        return len(self.targets) == 1 and bool(self.targets[0].name)


@click.command("get", cls=Verb)
@click.argument("words", nargs=-1, metavar="[TYPE[,TYPE] [NAME]… | TYPE/NAME…]")
@options.common
@options.all_namespaces
@options.selectors
@options.filenames
@options.output("json", "name", "wide", "yaml")
@click.option("-w", "--watch/--no-watch", default=False, help="Go on with changes after the list.")
@click.option("--watch-only/--no-watch-only", default=False, help="Only changes, without the list.")
@click.option(
    "--output-watch-events/--no-output-watch-events", "events", default=False, help="Name each change in a column."
)
@click.option("--show-labels/--no-show-labels", default=False, help="All labels in the last column.")
@click.option("-L", "--label-columns", multiple=True, metavar="LABEL", help="Labels to show in columns of their own.")
@click.option("--show-kind/--no-show-kind", default=False, help="The kind before each name.")
@click.option("--no-headers", is_flag=True, help="No heading.")
@click.option("--ignore-not-found/--no-ignore-not-found", default=False, help="Missing objects are no failure.")
@click.pass_obj
def get(
    settings: Settings, words: Sequence[str], labels: str, fields: str, files: Sequence[str], recursive: bool, output: str,
    watch: bool, watch_only: bool, events: bool, show_labels: bool, label_columns: Sequence[str], show_kind: bool,
    no_headers: bool, ignore_not_found: bool,
) -> None:  # fmt: skip
    """Show objects."""
    if not words and not files:
        raise CommandError('Required resource not specified. Use "orlop api-resources" for a complete list of resources.')
    wanted = targets.given(words, files, recursive=recursive)
    targets.check_selection(wanted, labels=labels, fields=fields)
    if (watch or watch_only) and len({target.kind for target in wanted}) > 1:
        raise CommandError("you may only specify a single resource type")
    style = TableStyle(
        wide=output == "wide", headers=not no_headers, namespaces=settings.all_namespaces, labels=show_labels,
        label_columns=[label for given in label_columns for label in given.split(",")], events=events,
        kinds=show_kind or len({target.kind for target in wanted}) > 1,
    )  # fmt: skip
    request = Request(wanted, output, labels, fields, watch, watch_only, ignore_not_found, style)
    settings.run(lambda session: _watch(session, request) if watch or watch_only else _list(session, request))


async def _list(session: Session, request: Request) -> None:
    items = await _fetch(session, request)
    if request.structured:
        if items or not request.single:
            printing.emit(printing.document(request.output, items, single=request.single))
    elif items:
        printing.emit(printing.tables(items, request.style, session.now()))
    elif not session.failed and not request.ignore_not_found:
        _nothing(session, request)


async def _fetch(session: Session, request: Request) -> list[printing.Item]:
    found: list[printing.Item] = []
    for target in request.targets:
        kind = target.kind
        try:
            if target.name:
                found.append(
                    (kind, await session.client.get(kind, target.name, session.home(target.kind, target.namespace)))
                )
            else:
                scope = session.scope(kind)
                listed = await session.client.list(kind, scope, labels=request.labels, fields=request.fields)
                found += [(kind, obj) for obj in listed.items]
        except errors.NotFound as error:
            if not request.ignore_not_found:
                session.fail(error)
    return found


def _nothing(session: Session, request: Request) -> None:
    in_namespace = any(target.kind.namespaced for target in request.targets) and not session.settings.all_namespaces
    note(f"No resources found in {session.namespace} namespace." if in_namespace else "No resources found")


async def _watch(session: Session, request: Request) -> None:
    target = request.targets[0]
    kind, fields = target.kind, request.fields
    scope = session.home(target.kind, target.namespace) if target.name else session.scope(kind)
    if target.name:
        fields = f"metadata.name={target.name}"
        await session.client.get(kind, target.name, scope)
    listed = await session.client.list(kind, scope, labels=request.labels, fields=fields)
    writer = TableWriter(kind, request.style)
    if not request.watch_only and listed.items:
        _show(request, writer, [(WatchEvent.ADDED, obj) for obj in listed.items], session.now())
    changes = session.client.watch(
        kind, scope, labels=request.labels, fields=fields, resource_version=listed.resource_version)  # fmt: skip
    async for batch in changes:
        shown = [(change.type, change.object) for change in batch if change.object is not None]
        if shown:
            _show(request, writer, shown, session.now())


def _show(request: Request, writer: TableWriter, changes: Sequence[_Seen], now: float) -> None:
    for change, obj in changes:
        if request.structured:
            separator = "---\n" if request.output == "yaml" else ""
            printing.emit(separator + printing.document(request.output, [(writer.kind, obj)], single=True))
        else:
            name = WatchEvent.Type.Name(change)
            printing.emit("\n".join(writer.lines([obj], now, name)))
