"""Images for the nodes of this machine: those its engine has, and archives that it takes in.

`python -m dataplane.main image load NAME…` prints one JSON line for each image, `{"name": …, "id": …}`; what could not be
had is told on standard error, and the exit code says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from dataplane.runtime import images
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import RuntimeFailure

STDIN = "-"
DOCKER = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Loaded:
    name: str
    id: str


async def load(engine: Engine, name: str) -> list[Loaded]:
    """The images behind a name: one that the engine has, or all in an archive. Raises RuntimeFailure with the remedy."""
    found = await images.find(engine, name) if name != STDIN else None
    if found is not None:
        return [Loaded(name, found.id)]
    if name != STDIN and not Path(name).is_file():
        raise RuntimeFailure(f'image "{name}" is neither in this machine\'s Docker nor a file; build or pull it first')
    return [Loaded(*one) for one in await engine.act(lambda api: _take_in(api, name))]


def _take_in(api: Any, name: str) -> list[tuple[str, str]]:
    """Feeds the archive to the engine; name and id of what was in it."""
    with contextlib.ExitStack() as opened:
        archive = sys.stdin.buffer if name == STDIN else opened.enter_context(Path(name).open("rb"))
        taken = [taken_name for step in api.load_image(archive) for taken_name in _taken(step)]
    if not taken:
        raise RuntimeFailure(f'no images in "{name}"; archives are made by: docker save -o FILE IMAGE')
    return [(one, api.inspect_image(one)["Id"]) for one in taken]


def _taken(step: Mapping[str, str]) -> list[str]:
    """The image that the engine says it has loaded, if it says that."""
    if "error" in step:
        raise RuntimeFailure(step["error"])
    told, _, name = step.get("stream", "").strip().partition(": ")
    return [name] if told in ("Loaded image", "Loaded image ID") else []


@click.group()
def image() -> None:
    """Images on this machine."""


@image.command("load")
@click.argument("names", nargs=-1, required=True)
@click.option("--docker", default=DOCKER, show_default=True, help="The Docker engine.")
def load_images(names: Sequence[str], docker: str) -> None:
    """Checks that the engine has the images, or takes archives in."""
    if not asyncio.run(_load_all(docker, names)):
        raise click.exceptions.Exit(1)


async def _load_all(docker: str, names: Sequence[str]) -> bool:
    """Whether all could be had."""
    engine = Engine(docker)
    complete = True
    try:
        for name in names:
            try:
                for loaded in await load(engine, name):
                    click.echo(orjson.dumps({"name": loaded.name, "id": loaded.id}))
            except RuntimeFailure as error:
                complete = False
                click.echo(f"error: {error}", err=True)
    finally:
        engine.close()
    return complete
