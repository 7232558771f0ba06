"""What a command is about, from the words on the command line.

`pods`, `pods web-1 web-2`, `pods,svc`, `pod/web-1 svc/web`, `deployments.apps web`, `all`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.cli import served
from console.cli.failures import CommandError
from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind

if TYPE_CHECKING:
    from console.cli.session import Session

_EXAMPLES = (
    "You must provide one or more resources by argument or filename: -f FILE, TYPE NAME, TYPE/NAME, "
    "or TYPE with --selector or --all"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One object, or with an empty name all of a kind that match. `namespace` is given when a manifest names it."""

    kind: Kind[Any]
    name: str = ""
    namespace: str = ""


def kinds_of(words: str) -> list[Kind[Any]]:
    """The kinds in `pods,svc` or `all`."""
    found: list[Kind[Any]] = []
    for word in words.split(","):
        if word == "all":
            found += [kind for kind in registry.KINDS if "all" in kind.categories]
            found += served.of_category("all")
        else:
            found.append(kind_named(word))
    return list(dict.fromkeys(found))


def kind_named(word: str) -> Kind[Any]:
    kind = registry.by_word(word) or served.by_word(word)
    if kind is None:
        close = difflib.get_close_matches(word.lower(), registry.words(), n=1)
        hint = f'; did you mean "{close[0]}"?' if close else '; "orlop api-resources" lists them'
        raise CommandError(f'the server doesn\'t have a resource type "{word}"{hint}')
    return kind


def parse(words: Sequence[str]) -> list[Target]:
    """The targets, in the order given. Raises CommandError for words that make no sense together."""
    if not words:
        return []
    if any("/" in word for word in words):
        return [_slashed(word) for word in words]
    kinds, names = kinds_of(words[0]), words[1:]
    return [Target(kind, name) for kind in kinds for name in names or [""]]


def _slashed(word: str) -> Target:
    type_word, slash, name = word.partition("/")
    if not slash:
        raise CommandError(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'orlop get resource/<resource_name>' instead of 'orlop get resource "
            "resource/<resource_name>'"
        )
    if not type_word or not name or "/" in name:
        raise CommandError(f'arguments in resource/name form must have a single resource and name: "{word}"')
    return Target(kind_named(type_word), name)


def of_files(files: Sequence[str], *, recursive: bool = False) -> list[Target]:
    """What manifests are about."""
    from console import manifests

    found = manifests.read(files, recursive=recursive, strict=False, lookup=served.by_type)
    return [Target(m.kind, m.obj.metadata.name, m.obj.metadata.namespace) for m in found]


def given(words: Sequence[str], files: Sequence[str], *, recursive: bool = False) -> list[Target]:
    """The targets of a command that needs some, by words or by files."""
    if files and words:
        raise CommandError("when a file is given, no resources may be named as arguments")
    if not files and not words:
        raise CommandError(_EXAMPLES)
    return of_files(files, recursive=recursive) if files else parse(words)


def shorthand(words: Sequence[str], kind: Kind[Any]) -> list[Target]:
    """As `parse`, but a word alone is a name of `kind`: `web-1` is a pod for `logs`, `node-1` a node for `cordon`."""
    if len(words) == 1 and "/" not in words[0]:
        return [Target(kind, words[0])]
    return parse(words)


def one(words: Sequence[str], kind: Kind[Any]) -> Target:
    """Exactly one object, by `shorthand`."""
    targets = shorthand(words, kind)
    if len(targets) != 1 or not targets[0].name:
        raise CommandError("exactly one NAME, or TYPE/NAME, is required")
    return targets[0]


def check_selection(targets: Sequence[Target], *, labels: str = "", fields: str = "", everything: bool = False) -> None:
    """Names and selectors exclude each other."""
    named = any(target.name for target in targets)
    if named and (labels or fields):
        raise CommandError("name cannot be provided when a selector is specified")
    if everything and (named or labels):
        raise CommandError("setting --all excludes names and --selector")


async def objects(
    session: Session, targets: Iterable[Target], *, labels: str = "", fields: str = "", everything: bool = True
) -> list[tuple[Kind[Any], ApiObject]]:
    """The objects as the server has them. Without `everything`, a kind alone needs a selector, so that nobody changes all
    objects by leaving a name out. What cannot be had is told, and the rest goes on."""
    from controlplane.api.errors import StatusError

    found: list[tuple[Kind[Any], ApiObject]] = []
    for target in targets:
        try:
            if target.name:
                found.append(
                    (
                        target.kind,
                        await session.client.get(target.kind, target.name, session.home(target.kind, target.namespace)),
                    )
                )
            elif not (everything or labels or fields):
                raise CommandError("resource(s) were provided, but no name was specified")
            else:
                listed = await session.client.list(target.kind, session.scope(target.kind), labels=labels, fields=fields)
                found += [(target.kind, obj) for obj in listed.items]
        except StatusError as error:
            session.fail(error)
    return found
