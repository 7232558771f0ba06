"""`orlop label` and `annotate`: setting and removing single labels and annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from console.cli import options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.printing import Item
from console.cli.session import Session, Settings
from controlplane.api import errors
from controlplane.api.objects import ApiObject


@dataclass(frozen=True, slots=True)
class Marks:
    """What to set and what to remove. `done` is what is said of a changed object: `labeled`."""

    done: str
    pairs: Mapping[str, str]
    removed: Sequence[str]
    overwrite: bool

    def apply(self, to: MutableMapping[str, str]) -> None:
        for key, value in self.pairs.items():
            if not self.overwrite and to.get(key, value) != value:
                raise CommandError(f"'{key}' already has a value ({to[key]}), and --overwrite is false")
            to[key] = value
        for key in self.removed:
            to.pop(key, None)


def _command(name: str, done: str, pick: Callable[[ApiObject], MutableMapping[str, str]]) -> click.Command:
    @click.command(name, cls=Verb, help=f"{name.capitalize()} objects: {name} TYPE NAME KEY=VALUE… KEY-…")
    @click.argument("words", nargs=-1, metavar="TYPE NAME… | TYPE/NAME… KEY=VALUE… KEY-…")
    @options.common
    @options.selectors
    @options.filenames
    @click.option("--all/--no-all", "everything", default=False, help="All of the kind in the namespace.")
    @click.option("--overwrite/--no-overwrite", default=False, help="Replace values that are there.")
    @options.output()
    @options.dry_run
    @click.pass_obj
    def command(
        settings: Settings, words: Sequence[str], labels: str, fields: str, files: Sequence[str], recursive: bool,
        everything: bool, overwrite: bool, output: str, dry_run: str,
    ) -> None:  # fmt: skip
        about, pairs, removed = split(words)
        if not pairs and not removed:
            raise CommandError(f"at least one {name} update is required: KEY=VALUE, or KEY- to remove one")
        wanted = targets.given(about, files, recursive=recursive)
        targets.check_selection(wanted, labels=labels, fields=fields, everything=everything)
        marks = Marks(done, pairs, removed, overwrite)

        async def work(session: Session) -> None:
            for item in await targets.objects(session, wanted, labels=labels, fields=fields, everything=everything):
                await _mark(session, item, marks, pick, output=output, dry_run=dry_run)

        settings.run(work)

    return command


def _labels(obj: ApiObject) -> MutableMapping[str, str]:
    return obj.metadata.labels


def _annotations(obj: ApiObject) -> MutableMapping[str, str]:
    return obj.metadata.annotations


label = _command("label", "labeled", _labels)
annotate = _command("annotate", "annotated", _annotations)


def split(words: Sequence[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """What it is about, what to set, what to remove: the first word with `=`, or with `-` at its end, begins the marks."""
    marked = [index for index, word in enumerate(words) if index and ("=" in word or word.endswith("-"))]
    start = marked[0] if marked else len(words)
    pairs: dict[str, str] = {}
    removed: list[str] = []
    for word in words[start:]:
        key, equals, value = word.partition("=")
        if equals and key:
            pairs[key] = value
        elif word.endswith("-") and not equals:
            removed.append(word.removesuffix("-"))
        else:
            raise CommandError(f'"{word}" is neither KEY=VALUE nor KEY-')
    return list(words[:start]), pairs, removed


async def _mark(
    session: Session, item: Item, marks: Marks, pick: Callable[[Any], MutableMapping[str, str]], *, output: str, dry_run: str
) -> None:
    from controlplane.api.objects import copy_of
    from controlplane.client.workloads import change

    kind, obj = item
    try:
        if dry_run == "client":
            stored = copy_of(obj)
            marks.apply(pick(stored))
            changed = stored != obj
        else:
            stored, changed = await change(
                session.client, kind, obj.metadata.name, obj.metadata.namespace, lambda fresh: marks.apply(pick(fresh)),
                dry_run=dry_run == "server",
            )  # fmt: skip
        printing.report(kind, stored, marks.done if changed else f"not {marks.done}", output=output, dry_run=dry_run)
    except (errors.StatusError, CommandError) as error:
        session.fail(error)
