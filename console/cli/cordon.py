"""`orlop cordon` and `uncordon`: whether a node takes new pods."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings
from controlplane.api import errors, registry
from protos.v1 import core_pb2 as core


def _command(name: str, unschedulable: bool, summary: str) -> click.Command:
    @click.command(name, cls=Verb, help=summary)
    @click.argument("words", nargs=-1, metavar="NODE…")
    @options.common
    @click.option("-l", "--selector", "labels", default="", metavar="LABELS", help="All nodes whose labels match.")
    @options.dry_run
    @click.pass_obj
    def command(settings: Settings, words: Sequence[str], labels: str, dry_run: str) -> None:
        if not words and not labels:
            raise CommandError(f"USAGE: {name} NODE [flags]")
        settings.run(lambda session: _mark(session, words, labels, unschedulable=unschedulable, dry_run=dry_run))

    return command


cordon = _command("cordon", True, "Keep new pods off a node.")
uncordon = _command("uncordon", False, "Let new pods on a node again.")


async def _mark(session: Session, words: Sequence[str], labels: str, *, unschedulable: bool, dry_run: str) -> None:
    from controlplane.client.workloads import change

    wanted = [target for word in words for target in targets.shorthand([word], registry.NODES)]
    wanted = wanted or [targets.Target(registry.NODES)]

    def edit(node: core.Node) -> None:
        node.spec.unschedulable = unschedulable

    state = "cordoned" if unschedulable else "uncordoned"
    for _, found in await targets.objects(session, wanted, labels=labels):
        assert isinstance(found, core.Node)
        try:
            if dry_run == "client":
                changed = found.spec.unschedulable != unschedulable
            else:
                _, changed = await change(
                    session.client, registry.NODES, found.metadata.name, "", edit, dry_run=dry_run == "server")  # fmt: skip
            printing.report(registry.NODES, found, state if changed else f"already {state}", dry_run=dry_run)
        except errors.StatusError as error:
            session.fail(error)
