"""`orlop server` and `orlop agent`: this process becomes the daemon."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

# The daemon has flags and help of its own.
_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def become(module: str, *words: str) -> None:
    """Replaces this process. `-P` keeps folders of the working directory from being taken for our packages."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *words])


@click.command("server", context_settings=_PASS_ON, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def server(words: Sequence[str]) -> None:
    """Run the API server, scheduler and controllers."""
    become("controlplane.main", *words)


@click.command("agent", context_settings=_PASS_ON, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def agent(words: Sequence[str]) -> None:
    """Run a node's agent."""
    become("dataplane.main", "agent", *words)
