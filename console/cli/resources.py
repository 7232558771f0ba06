"""`orlop api-resources`: the kinds there are."""

from __future__ import annotations

from typing import Any

import click

from console.cli import options, printing, served
from console.cli.grammar import Verb
from console.printers.layout import Grid
from controlplane.api import registry
from controlplane.api.registry import Kind


@click.command("api-resources", cls=Verb)
@options.common
@options.output("name", "wide")
@click.option("--api-group", default=None, help="Only the kinds of this group.")
@click.option("--namespaced", type=bool, default=None, help="Only kinds with (true) or without (false) a namespace.")
@click.option("--categories", default="", help="Only kinds of this category, such as all.")
@click.option("--no-headers", is_flag=True, help="No heading.")
@click.option("--sort-by", type=click.Choice(["name", "kind"]), default="name", help="The order of the list.")
def api_resources(
    output: str, api_group: str | None, namespaced: bool | None, categories: str, no_headers: bool, sort_by: str
) -> None:
    """List the kinds of objects."""
    found = [
        kind for kind in (*registry.KINDS, *served.custom())
        if (api_group is None or kind.group == api_group)
        and (namespaced is None or kind.namespaced == namespaced)
        and (not categories or categories in kind.categories)
    ]  # fmt: skip
    found.sort(key=lambda kind: kind.name if sort_by == "kind" else (kind.group, kind.plural))
    if output == "name":
        printing.emit("\n".join(kind.resource for kind in found))
        return
    heading = [["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"] + ["CATEGORIES"] * (output == "wide")]
    rows = [_row(kind) + [",".join(kind.categories)] * (output == "wide") for kind in found]
    printing.emit("\n".join(Grid().lines([*([] if no_headers else heading), *rows])))


def _row(kind: Kind[Any]) -> list[str]:
    return [kind.plural, ",".join(kind.short), kind.api_version, str(kind.namespaced).lower(), kind.name]
