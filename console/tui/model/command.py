"""What follows `:`. One line says what to show, where, and which of it.

po                      pods of the current namespace
po web-ns /crash        those of another one, filtered      (also: po -n web-ns, po -A)
po app=web              by label
ns web-ns               go on in that namespace             (ns alone lists them)
theme light, help, q
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from controlplane.api import registry
from controlplane.api.registry import Kind

ALL = "all"
_ALIASES = {
    "dp": "deployments", "sec": "secrets", "eps": "endpointslices", "nodes": "nodes",
    "es": "endpointslices", "le": "leases",
}  # fmt: skip
_WORDS = {
    "q": "quit", "q!": "quit", "quit": "quit", "exit": "quit",
    "help": "help", "?": "help", "h": "help", "ctx": "context", "context": "context",
}  # fmt: skip


class CommandError(ValueError):
    """The line cannot be understood; the text says what to type instead."""


@dataclass(frozen=True, slots=True)
class Show:
    """`namespace` is None for the current one and empty for all; `query` is what would follow `/`."""

    kind: Kind[Any]
    namespace: str | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class UseNamespace:
    """Empty for all."""

    name: str


@dataclass(frozen=True, slots=True)
class UseTheme:
    name: str


@dataclass(frozen=True, slots=True)
class Word:
    """`quit`, `help` or `context`."""

    name: str


Command = Show | UseNamespace | UseTheme | Word


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to choose from."""

    namespaces: Sequence[str] = ()
    themes: Sequence[str] = ()


def kind_for(word: str) -> Kind[Any] | None:
    return registry.by_word(_ALIASES.get(word.lower(), word))


def parse(text: str, known: Known) -> Command:
    """Raises CommandError."""
    head, _, query = text.strip().partition("/") if " /" in text else (text.strip(), "", "")
    words = head.split()
    if not words:
        raise CommandError("type a kind, such as po, deploy or svc")
    first, rest = words[0].lower(), words[1:]
    if first in _WORDS:
        return Word(_WORDS[first])
    if first == "theme":
        return UseTheme(_one_of("theme", rest[0] if rest else "", known.themes))
    kind = kind_for(first)
    if kind is None:
        raise CommandError(f"no kind or command {words[0]!r}{_nearest(first, _first_words())}")
    if kind is registry.NAMESPACES and rest:
        return UseNamespace(_namespace(rest[0], known))
    namespace, terms = _scope(rest, known)
    if namespace is not None and not kind.namespaced:
        raise CommandError(f"{kind.plural} have no namespace; leave out {namespace or ALL!r}")
    return Show(kind, namespace, " ".join([*terms, query.strip()]).strip())


def complete(text: str, known: Known) -> list[str]:
    """Whole lines that `text` may become, the most likely one first."""
    head, space, last = text.rpartition(" ")
    if not space:
        choices = _first_words()
    elif "/" in head:
        return []
    else:
        words = head.split()
        choices = _second_words(words[0].lower(), known) if len(words) == 1 or words[-1] == "-n" else []
    if not last and not space:
        return []
    return [f"{head}{space}{choice}" for choice in choices if choice.startswith(last.lower()) and choice != last]


def _scope(rest: Sequence[str], known: Known) -> tuple[str | None, list[str]]:
    """The namespace, if one is named, and the filter's terms."""
    namespace: str | None = None
    terms: list[str] = []
    words = list(rest)
    while words:
        word = words.pop(0)
        if word in ("-A", "--all-namespaces"):
            namespace = ""
        elif word in ("-n", "--namespace"):
            namespace = _namespace(words.pop(0) if words else "", known)
        elif "=" in word:
            terms.append(f"-l {word}")
        elif namespace is None:
            namespace = _namespace(word, known)
        else:
            raise CommandError(f"{word!r} is too much here; put / in front of a filter")
    return namespace, terms


def _namespace(word: str, known: Known) -> str:
    if word in (ALL, "*"):
        return ""
    if not word:
        raise CommandError("-n wants the name of a namespace")
    return _one_of("namespace", word, known.namespaces) if known.namespaces else word


def _one_of(what: str, word: str, choices: Sequence[str]) -> str:
    if word in choices:
        return word
    if not word:
        raise CommandError(f"name a {what}: {', '.join(choices)}")
    raise CommandError(f"no {what} {word!r}{_nearest(word, choices)}")


def _nearest(word: str, choices: Sequence[str]) -> str:
    found = get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""


def _first_words() -> Sequence[str]:
    """Plural names first, as what a beginning most likely means."""
    plurals = [kind.plural for kind in registry.KINDS]
    shorts = [word for kind in registry.KINDS for word in (*kind.short, kind.singular)]
    return list(dict.fromkeys([*plurals, *shorts, *_ALIASES, "theme", "help", "quit", "context", *_WORDS]))


def _second_words(first: str, known: Known) -> Sequence[str]:
    if first == "theme":
        return known.themes
    kind = kind_for(first)
    if kind is None or not (kind.namespaced or kind is registry.NAMESPACES):
        return ()
    return (*known.namespaces, ALL)
