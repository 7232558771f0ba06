"""`orlop set image`: which images a workload's containers run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb, Verbs
from console.cli.session import Session, Settings
from controlplane.api import errors, registry
from controlplane.api.objects import copy_of
from controlplane.api.registry import Kind

_WITH_IMAGES = (registry.PODS, registry.DEPLOYMENTS, registry.REPLICA_SETS)


@click.group("set", cls=Verbs)
def set_group() -> None:
    """Change parts of workloads."""


@set_group.command("image", cls=Verb)
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME… CONTAINER=IMAGE…")
@options.common
@options.filenames
@click.option("-l", "--selector", "labels", default="", metavar="LABELS", help="All whose labels match.")
@click.option("--all/--no-all", "everything", default=False, help="All of the kind in the namespace.")
@options.output()
@options.dry_run
@click.pass_obj
def image(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, labels: str, everything: bool,
    output: str, dry_run: str,
) -> None:  # fmt: skip
    """Change images: set image deployment/web web=httpd:2, or *=httpd:2 for all containers."""
    about = [word for word in words if "=" not in word]
    images = images_in([word for word in words if "=" in word])
    wanted = targets.given(about, files, recursive=recursive)
    if not images:
        raise CommandError("at least one image update is required: CONTAINER=IMAGE")
    targets.check_selection(wanted, labels=labels, everything=everything)
    for target in wanted:
        if target.kind not in _WITH_IMAGES:
            raise CommandError(f"{target.kind.resource} have no containers; set image changes {_names()}")

    async def work(session: Session) -> None:
        for kind, obj in await targets.objects(session, wanted, labels=labels, everything=everything):
            await _set(session, kind, obj, images, output=output, dry_run=dry_run)

    settings.run(work)


def images_in(words: Sequence[str]) -> dict[str, str]:
    """Container name -> image, from `web=httpd:2` or `a,b=httpd:2`."""
    found: dict[str, str] = {}
    for word in words:
        names, _, image_name = word.partition("=")
        if not names or not image_name:
            raise CommandError(f'invalid image update "{word}"; write it as CONTAINER=IMAGE')
        found |= dict.fromkeys(names.split(","), image_name)
    return found


async def _set(session: Session, kind: Kind[Any], obj: Any, images: Mapping[str, str], *, output: str, dry_run: str) -> None:
    from controlplane.client import workloads

    name, namespace = obj.metadata.name, obj.metadata.namespace
    try:
        if dry_run == "client":
            stored = copy_of(obj)
            workloads.put_images(workloads.pod_spec(stored), images)
            changed = stored != obj
        else:
            stored, changed = await workloads.set_image(
                session.client, kind, name, namespace, images, dry_run=dry_run == "server")  # fmt: skip
        if changed or output:
            printing.report(kind, stored, "image updated", output=output, dry_run=dry_run)
    except (errors.StatusError, workloads.Refused) as error:
        session.fail(error)


def _names() -> str:
    return ", ".join(kind.resource for kind in _WITH_IMAGES)
