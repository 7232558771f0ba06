"""`orlop shell`: a node's own shell, inside its network and its cgroup."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from console.cli.daemons import become
from console.cli.failures import CommandError
from console.cli.grammar import Verb, after_dash


@click.command("shell", cls=Verb, takes_command=True)
@click.argument("node")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def shell(context: click.Context, node: str, words: Sequence[str]) -> None:
    """A shell, or a command, in a node's network and cgroup: shell NODE [-- COMMAND]"""
    command = [*words, *(after_dash(context) or ())]
    if os.geteuid() != 0:
        again = " ".join(["sudo orlop shell", node, *(["--", *command] if command else [])])
        raise CommandError(f"entering a node needs root; type: {again}")
    become("dataplane.main", "shell", node, *(["--", *command] if command else []))
