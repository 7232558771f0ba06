"""`orlop scale`: how many replicas there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings
from controlplane.api import errors, registry
from controlplane.api.registry import Kind

_SCALABLE = (registry.DEPLOYMENTS, registry.REPLICA_SETS)


@click.command("scale", cls=Verb)
@click.argument("words", nargs=-1, metavar="TYPE NAME… | TYPE/NAME…")
@options.common
@options.filenames
@click.option("--replicas", required=True, type=click.IntRange(0), help="How many there shall be.")
@click.option("--current-replicas", "current", default=-1, type=int, help="Only if so many were asked for before.")
@click.option("-l", "--selector", "labels", default="", metavar="LABELS", help="All whose labels match.")
@click.option("--all/--no-all", "everything", default=False, help="All of the kind in the namespace.")
@options.output()
@options.dry_run
@click.pass_obj
def scale(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, replicas: int, current: int,
    labels: str, everything: bool, output: str, dry_run: str,
) -> None:  # fmt: skip
    """Change how many replicas there are."""
    wanted = targets.given(words, files, recursive=recursive)
    targets.check_selection(wanted, labels=labels, everything=everything)
    for target in wanted:
        if target.kind not in _SCALABLE:
            raise CommandError(f"cannot scale {target.kind.resource}; only {' and '.join(k.resource for k in _SCALABLE)}")

    async def work(session: Session) -> None:
        for kind, obj in await targets.objects(session, wanted, labels=labels, everything=everything):
            await _scale(session, kind, obj, replicas, current if current >= 0 else None, output, dry_run)

    settings.run(work)


async def _scale(
    session: Session, kind: Kind[Any], obj: Any, replicas: int, current: int | None, output: str, dry_run: str
) -> None:
    from controlplane.client import workloads

    name, namespace = obj.metadata.name, obj.metadata.namespace
    try:
        if dry_run != "client":
            obj = await workloads.scale(
                session.client, kind, name, namespace, replicas, current, dry_run=dry_run == "server")  # fmt: skip
        printing.report(kind, obj, "scaled", output=output, dry_run=dry_run)
    except (errors.StatusError, workloads.Refused) as error:
        session.fail(error)
