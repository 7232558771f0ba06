"""`orlop apply`: objects become what manifests say.

What was applied last stands in an annotation. From that, the live object and the manifest follows the smallest patch: what
the manifest says is set, what it no longer says is removed, what others have set stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from console import manifests
from console.cli import options, printing, served
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings, note
from console.cli.writing import LAST_APPLIED, place
from console.manifests import Manifest
from controlplane.api import codec, errors, patch
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind


@dataclass(frozen=True, slots=True)
class Style:
    output: str
    dry_run: str
    validation: str


@click.command("apply", cls=Verb)
@options.common
@options.filenames
@options.output()
@options.dry_run
@click.option("--validate", default="strict", help="strict refuses unknown fields, ignore drops them.")
@click.pass_obj
def apply(settings: Settings, files: Sequence[str], recursive: bool, output: str, dry_run: str, validate: str) -> None:
    """Make the cluster's objects as manifests say."""
    if not files:
        raise CommandError("must specify -f")
    strict = validate in ("strict", "true")
    found = manifests.read(files, recursive=recursive, strict=strict, lookup=served.by_type)
    style = Style(output, dry_run, "Strict" if strict else "Ignore")
    settings.run(lambda session: _apply_all(session, found, style))


async def _apply_all(session: Session, found: Sequence[Manifest], style: Style) -> None:
    for manifest in found:
        if manifest.deprecation:
            note(f"Warning: {manifest.deprecation}")
        try:
            place(session.settings, manifest.kind, manifest.obj)
            await _apply(session, manifest.kind, manifest.obj, style)
        except (errors.StatusError, CommandError) as error:
            session.fail(error, doing=f'when applying "{manifest.place}"')


async def _apply(session: Session, kind: Kind[Any], obj: ApiObject, style: Style) -> None:
    wanted = document(kind, obj)
    try:
        live = await session.client.get(kind, obj.metadata.name, obj.metadata.namespace)
    except errors.NotFound:
        stored = await _create(session, kind, wanted, style)
        printing.report(kind, stored, "created", output=style.output, dry_run=style.dry_run)
        return
    if LAST_APPLIED not in live.metadata.annotations:
        note(
            f"Warning: resource {kind.plural}/{obj.metadata.name} is missing the {LAST_APPLIED} annotation which is "
            "required by apply; it is added now. What the manifest leaves out stays as it is this time."
        )
    change = difference(kind, live, wanted)
    stored = await _patch(session, kind, live, change, style)
    same = stored.metadata.resource_version == live.metadata.resource_version
    done = "unchanged" if not change or (same and style.dry_run == "none") else "configured"
    printing.report(kind, stored, done, output=style.output, dry_run=style.dry_run)


def document(kind: Kind[Any], obj: ApiObject) -> dict[str, Any]:
    """What the manifest asks for, with itself as the annotation. A status is not the manifest's to say."""
    wanted = codec.to_dict(kind, obj)
    wanted.pop("status", None)
    if "stringData" in wanted:
        texts = {key: base64.b64encode(text.encode()).decode() for key, text in wanted.pop("stringData").items()}
        wanted["data"] = {**wanted.get("data", {}), **texts}
    annotations = wanted["metadata"].setdefault("annotations", {})
    annotations.pop(LAST_APPLIED, None)
    annotations[LAST_APPLIED] = json.dumps(wanted, separators=(",", ":"), sort_keys=True) + "\n"
    return wanted


def difference(kind: Kind[Any], live: ApiObject, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes the live object as wanted; empty when it is."""
    return patch.three_way(_last_applied(live), codec.to_dict(kind, live), wanted, kind=kind)


def _last_applied(live: ApiObject) -> Mapping[str, Any]:
    text = live.metadata.annotations.get(LAST_APPLIED, "")
    try:
        last = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise CommandError(
            f"the annotation {LAST_APPLIED} of {live.metadata.name} is not JSON: {error}; remove it"
        ) from error
    return last if isinstance(last, dict) else {}


async def _create(session: Session, kind: Kind[Any], wanted: Mapping[str, Any], style: Style) -> ApiObject:
    obj = codec.from_dict(kind, wanted)
    if style.dry_run == "client":
        return obj
    return await session.client.create(obj, dry_run=style.dry_run == "server", field_validation=style.validation)


async def _patch(session: Session, kind: Kind[Any], live: ApiObject, change: Mapping[str, Any], style: Style) -> ApiObject:
    if not change:
        return live
    if style.dry_run == "client":
        return codec.from_dict(kind, patch.merge(codec.to_dict(kind, live), change))
    name, namespace = live.metadata.name, live.metadata.namespace
    patched: ApiObject = await session.client.patch(
        kind, name, namespace, change, dry_run=style.dry_run == "server", field_validation=style.validation
    )
    return patched
