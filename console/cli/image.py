"""`orlop image`: local images where the nodes find them.

The nodes of a cluster on this machine share its Docker engine, so an image that the engine has is on all of them. What the
engine does not have comes from an archive (`docker save`). Docker itself is the agent's business: its program does the work.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import click

from console.cli import options, printing
from console.cli.failures import CommandError
from console.cli.grammar import Verb, Verbs
from console.cli.session import Session, Settings, note
from controlplane.api import registry


@click.group("image", cls=Verbs)
def image() -> None:
    """Put local images where the nodes find them."""


@image.command("load", cls=Verb)
@click.argument("names", nargs=-1, required=True, metavar="IMAGE… | ARCHIVE.tar… | -")
@options.common
@click.option("--docker", default="", metavar="URL", help="The engine; unix:///var/run/docker.sock by default.")
@click.pass_obj
def _load(settings: Settings, names: Sequence[str], docker: str) -> None:
    """Load images: names that this machine's Docker has, archives made by docker save, or - for one on standard input."""
    words = ["image", "load", *(["--docker", docker] if docker else []), "--", *names]
    command = [sys.executable, "-P", "-m", "dataplane.main", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    loaded = [json.loads(line) for line in done.stdout.splitlines()]
    if loaded:
        settings.run(lambda session: _tell(session, loaded))
    if done.returncode:
        raise CommandError("not all images could be loaded")


async def _tell(session: Session, loaded: Sequence[dict[str, Any]]) -> None:
    nodes = [node.metadata.name for node in (await session.client.list(registry.NODES)).items]
    if not nodes:
        note("note: the cluster has no nodes yet; those on this machine will find the images")
    for one in loaded:
        printing.emit(f"{one['name']} {one['id'].removeprefix('sha256:')[:12]} on {', '.join(nodes) or 'this machine'}")
