"""Field selectors: which objects does `spec.nodeName=node-1,status.phase!=Running` pick?

Only the paths that the kinds table lists can be selected by, so that a server can keep them at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from controlplane.api import parts
from controlplane.api.custom import paths
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from protos.v1.resources_pb2 import CustomObject

Getter = Callable[[str], str]

_TERM = re.compile(r"([^=!,\\]+?)\s*(==|!=|=)((?:[^\\,=]|\\[\\,=])*)")
_SPLIT = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\,=])")
_EVERYWHERE = ("metadata.name", "metadata.namespace")
_ALIASES = {("Event", "source"): "source.component", ("Job", "status.successful"): "status.succeeded"}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: the field equals the value, or differs from it."""

    path: str
    value: str
    equal: bool = True

    def matches(self, get: Getter) -> bool:
        return (get(self.path) == self.value) is self.equal

    def __str__(self) -> str:
        value = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.path}{'=' if self.equal else '!='}{value}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Terms that must all hold; none match everything. `str()` gives text that `parse` reads back."""

    terms: tuple[Term, ...] = ()

    def matches(self, get: Getter) -> bool:
        """`get` reads a path of the object in question, for instance `reader(kind, obj)`."""
        return all(term.matches(get) for term in self.terms)

    @property
    def is_everything(self) -> bool:
        return not self.terms

    def exact(self, path: str) -> str | None:
        """The value that the field must have, where the selector says so: an index can then be used."""
        return next((term.value for term in self.terms if term.equal and term.path == path), None)

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))


@lru_cache(maxsize=1024)
def parse(text: str) -> FieldSelector:
    r"""The selector written as `a.b=x,c!=y`; `\`, `,` and `=` in a value are escaped with `\`. Raises ValueError."""
    terms = []
    for found in _SPLIT.finditer(text):
        if not found[1].strip():
            continue
        term = _TERM.fullmatch(found[1].strip())
        if term is None:
            raise ValueError(
                f'field selector "{text}": "{found[1].strip()}" at position {found.start(1) + 1} is not a condition; '
                "write it as path=value or path!=value"
            )
        path, operator, value = term.groups()
        terms.append(Term(path, _ESCAPED.sub(r"\1", value), operator != "!="))
    return FieldSelector(tuple(terms))


def selectable_paths(kind: Kind[Any]) -> tuple[str, ...]:
    return (*_EVERYWHERE, *kind.selectable) if kind.namespaced else ("metadata.name", *kind.selectable)


def check(kind: Kind[Any], selector: FieldSelector) -> None:
    """Raises ValueError if the selector names a field that the kind cannot be selected by."""
    for term in selector.terms:
        _steps(kind, term.path)


def reader(kind: Kind[Any], obj: ApiObject) -> Getter:
    """The object's fields by path, for `FieldSelector.matches`."""
    return lambda path: read_path(kind, obj, path)


def read_path(kind: Kind[Any], obj: ApiObject, path: str) -> str:
    """The field as text: numbers in decimal, `true` or `false`, empty when unset. Raises ValueError for other paths."""
    if isinstance(obj, CustomObject):
        _steps(kind, path)
        return paths.text(paths.read(parts.content_of(obj), path))
    value: Any = obj
    for step in _steps(kind, path):
        value = getattr(value, step)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@lru_cache(maxsize=1024)
def _steps(kind: Kind[Any], path: str) -> tuple[str, ...]:
    """The attribute names that lead to the field: `spec.nodeName` -> (`spec`, `node_name`)."""
    paths = selectable_paths(kind)
    if path not in paths:
        raise ValueError(f'"{path}" is not a field that {kind.plural} can be selected by; use one of {", ".join(paths)}')
    if kind.is_custom:
        return ()
    descriptor: Any = kind.message.DESCRIPTOR
    steps = []
    for word in _ALIASES.get((kind.name, path), path).split("."):
        field = next(field for field in descriptor.fields if field.json_name == word)
        steps.append(field.name)
        descriptor = field.message_type
    return tuple(steps)
