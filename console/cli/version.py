"""`orlop version`."""

from __future__ import annotations

import json

import click

from console.cli import options, printing
from console.cli.grammar import Verb


@click.command("version", cls=Verb)
@options.common
@options.output("json", "yaml")
@click.option("--client/--no-client", default=True, help="Only this program's version.")
def version(output: str, client: bool) -> None:  # noqa: ARG001 - there is no other version to ask for
    """Show the version."""
    from importlib.metadata import version as installed

    number = f"v{installed('orlop')}"
    if output:
        document = {"clientVersion": {"gitVersion": number}}
        printing.emit(json.dumps(document, indent=2) if output == "json" else f"clientVersion:\n  gitVersion: {number}")
    else:
        printing.emit(f"Client Version: {number}")
