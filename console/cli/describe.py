"""`orlop describe`: objects told in full, with what belongs to them and what happened to them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings, note
from console.cli.targets import Target
from controlplane.api import errors


@click.command("describe", cls=Verb)
@click.argument("words", nargs=-1, metavar="TYPE [NAME | NAME_PREFIX]… | TYPE/NAME…")
@options.common
@options.all_namespaces
@options.selectors
@options.filenames
@click.option("--show-events/--no-show-events", default=True, help="Tell what happened to it, too.")
@click.pass_obj
def describe(
    settings: Settings,
    words: Sequence[str],
    labels: str,
    fields: str,
    files: Sequence[str],
    recursive: bool,
    show_events: bool,
) -> None:
    """Tell objects in full. A name that no object has may be the beginning of several."""
    if not words and not files:
        raise CommandError("You must specify the type of resource to describe.")
    wanted = targets.given(words, files, recursive=recursive)
    targets.check_selection(wanted, labels=labels, fields=fields)
    settings.run(lambda session: _describe(session, wanted, labels, fields, show_events))


async def _describe(session: Session, wanted: Sequence[Target], labels: str, fields: str, show_events: bool) -> None:
    from console.cli.related import gather
    from console.printers.describe import describe as tell

    found: list[printing.Item] = []
    for target in wanted:
        try:
            found += await _find(session, target, labels, fields)
        except errors.NotFound as error:
            session.fail(error)
    texts = []
    for kind, obj in found:
        related = await gather(session.client, kind, obj, events=show_events)
        texts.append(tell(kind, obj, related, session.now()))
    if texts:
        printing.emit("\n\n".join(texts))
    elif not session.failed:
        note(
            "No resources found"
            if session.settings.all_namespaces
            else f"No resources found in {session.namespace} namespace."
        )


async def _find(session: Session, target: Target, labels: str, fields: str) -> list[printing.Item]:
    kind = target.kind
    if not target.name:
        listed = await session.client.list(kind, session.scope(kind), labels=labels, fields=fields)
        return [(kind, obj) for obj in listed.items]
    try:
        return [(kind, await session.client.get(kind, target.name, session.home(target.kind, target.namespace)))]
    except errors.NotFound:
        listed = await session.client.list(kind, session.home(target.kind, target.namespace))
        alike = [(kind, obj) for obj in listed.items if obj.metadata.name.startswith(target.name)]
        if not alike:
            raise
        return alike
