"""Label selectors: which objects does `app=web,tier in (a,b),!old` pick?

Three ways to write one become the same `Selector`: the text of requests and flags, the `LabelSelector` message, and the
plain map of a Service. A selector without requirements matches everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from controlplane.api import names
from protos.v1 import meta_pb2 as meta

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]

_OPERATORS: dict[str, Operator] = {"In": "In", "NotIn": "NotIn", "Exists": "Exists", "DoesNotExist": "DoesNotExist"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. As in Kubernetes, `NotIn` also holds for objects without the label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        try:
            have, bound = int(value), int(self.values[0])
        except (ValueError, IndexError):
            return False
        return have > bound if self.operator == "Gt" else have < bound

    def __str__(self) -> str:
        match self.operator:
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"
            case "Gt" | "Lt":
                return f"{self.key}{'>' if self.operator == 'Gt' else '<'}{self.values[0]}"
            case _ if len(self.values) == 1:
                return f"{self.key}{'=' if self.operator == 'In' else '!='}{self.values[0]}"
            case _:
                return f"{self.key} {self.operator.lower()} ({','.join(sorted(self.values))})"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold. `str()` gives text that `parse` reads back."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    @property
    def is_everything(self) -> bool:
        return not self.requirements

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING = Selector()


def from_map(labels: Mapping[str, str]) -> Selector:
    """Every label with exactly its value, as in a Service's `spec.selector`."""
    return Selector(tuple(Requirement(key, "In", (value,)) for key, value in sorted(labels.items())))


def from_label_selector(selector: meta.LabelSelector) -> Selector:
    """The selector of a Deployment and its like. Raises ValueError for an operator that is none."""
    expressions = tuple(
        Requirement(expression.key, _operator(expression), tuple(expression.values))
        for expression in selector.match_expressions
    )
    return Selector(from_map(selector.match_labels).requirements + expressions)


def _operator(expression: meta.LabelSelectorRequirement) -> Operator:
    operator = _OPERATORS.get(expression.operator)
    if operator is None:
        raise ValueError(f'"{expression.operator}" is not a valid label selector operator; use {", ".join(_OPERATORS)}')
    return operator


_SYMBOLS = {"=", "==", "!=", "!", "(", ")", ",", "<", ">"}
_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    position: int


class _Reader:
    """Walks over a selector's tokens. An empty token stands for the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*_tokens(text), _Token("", len(text) + 1)]
        self.index = 0

    @property
    def next(self) -> str:
        return self.tokens[self.index].text

    def take(self) -> str:
        token = self.next
        self.index += bool(token)
        return token

    def expect(self, wanted: str) -> None:
        if self.next != wanted:
            raise self.error(f'expected "{wanted}"')
        self.take()

    def error(self, message: str) -> ValueError:
        token = self.tokens[self.index]
        found = f'found "{token.text}"' if token.text else "found the end"
        return ValueError(f'label selector "{self.text}": {message} at position {token.position}, {found}')

    def word(self, what: str, check: names.Check) -> str:
        if not self.next or self.next in _SYMBOLS:
            raise self.error(f"expected {what}")
        if wrong := check(self.next):
            raise ValueError(f'label selector "{self.text}": {what} "{self.next}": {wrong}')
        return self.take()


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        yield _Token(found[1], found.start(1) + 1)


@lru_cache(maxsize=1024)
def parse(text: str) -> Selector:
    """The selector written as `a=b,c!=d,e in (f,g),h notin (i),j,!k`; empty text matches everything.

    Raises ValueError that names the position, counted from 1.
    """
    reader = _Reader(text)
    if not reader.next:
        return EVERYTHING
    requirements = [_requirement(reader)]
    while reader.next:
        reader.expect(",")
        requirements.append(_requirement(reader))
    return Selector(tuple(requirements))


def _requirement(reader: _Reader) -> Requirement:
    if reader.next == "!":
        reader.take()
        return Requirement(reader.word("a label key", names.qualified_name), "DoesNotExist")
    key = reader.word("a label key", names.qualified_name)
    match reader.next:
        case "" | ",":
            return Requirement(key, "Exists")
        case "=" | "==" | "!=":
            operator: Operator = "NotIn" if reader.take() == "!=" else "In"
            return Requirement(key, operator, (_value(reader),))
        case "in" | "notin":
            operator = "In" if reader.take() == "in" else "NotIn"
            return Requirement(key, operator, _values(reader))
        case ">" | "<":
            operator = "Gt" if reader.take() == ">" else "Lt"
            return Requirement(key, operator, (reader.word("a whole number", _whole_number),))
    raise reader.error('expected "=", "!=", "in", "notin" or ","')


def _value(reader: _Reader) -> str:
    """Nothing at all is the empty value: `a=,b` asks for an empty `a`."""
    return "" if reader.next in {"", ",", ")"} else reader.word("a label value", names.label_value)


def _values(reader: _Reader) -> tuple[str, ...]:
    reader.expect("(")
    values = [_value(reader)]
    while reader.next == ",":
        reader.take()
        values.append(_value(reader))
    reader.expect(")")
    return tuple(dict.fromkeys(values))


def _whole_number(text: str) -> str | None:
    return None if re.fullmatch("-?[0-9]+", text) else "must be a whole number"
