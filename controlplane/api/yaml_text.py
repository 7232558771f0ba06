"""YAML as Kubernetes reads and writes it. JSON is read as well.

Scalars follow Kubernetes' own reader: YAML 1.1 words (`yes`, `on`, `y`) are truth values and `0755` is octal, but times and
`12:30:00` stay text. What would quietly lose something is refused with line and column: a key given twice, a tab that
indents, an unknown tag. Anchors and merge keys work; what aliases may add up to is bounded.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from controlplane.api.yaml_scalars import key_text, resolve

_DEEPEST = 100
_MOST_REPEATED = 100_000
_TAG = "tag:yaml.org,2002:"


class YamlError(ValueError):
    """The text cannot be read. Line and column count from 1."""

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a text: mappings with text keys, lists and scalars, and the line at which it begins."""

    value: Any
    line: int


def load_all(text: str) -> list[Document]:
    """The documents, without empty ones. Raises YamlError."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        try:
            return [Document(orjson.loads(text), text[: text.index("{")].count("\n") + 1)]
        except orjson.JSONDecodeError:
            pass  # flow style, or several documents: YAML's reader knows better what is wrong
    try:
        return list(_Builder(text).documents())
    except yaml.YAMLError as error:
        raise _told(error, text) from None


@dataclass(frozen=True, slots=True)
class _Anchor:
    value: Any
    size: int
    height: int


class _Builder:
    """Makes values from the parser's events, so that depth, anchors and duplicates are in our hands."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._anchors: dict[str, _Anchor] = {}
        self._made = 0
        self._repeated = 0

    def documents(self) -> Iterator[Document]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                first = next(self._events)
                value = self._value(first, 0)
                if value is not None:
                    yield Document(value, first.start_mark.line + 1)

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > _DEEPEST:
            raise _error(event, f"nested more than {_DEEPEST} levels deep")
        before = self._made
        self._made += 1
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, self._made - before, _height(value))
        return value

    def _alias(self, event: Any, depth: int) -> Any:
        if event.anchor not in self._anchors:
            raise _error(event, f"*{event.anchor} refers to no anchor before it")
        anchor = self._anchors[event.anchor]
        self._made += anchor.size
        self._repeated += anchor.size
        if depth + anchor.height > _DEEPEST:
            raise _error(event, f"nested more than {_DEEPEST} levels deep")
        if self._repeated > _MOST_REPEATED:
            raise _error(event, f"aliases repeat more than {_MOST_REPEATED} values")
        return copy.deepcopy(anchor.value)

    def _sequence(self, event: Any, depth: int) -> list[Any]:
        _check_tag(event, "seq")
        items = []
        while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(inner, depth + 1))
        return items

    def _mapping(self, event: Any, depth: int) -> dict[str, Any]:
        _check_tag(event, "map")
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            if _is_merge(inner):
                merged = self._merged(next(self._events), depth) | merged
                continue
            key = self._key(inner, depth)
            if key in lines:
                raise _error(inner, f'key "{key}" is already set in line {lines[key]}')
            lines[key] = inner.start_mark.line + 1
            own[key] = self._value(next(self._events), depth + 1)
        return merged | own if merged else own

    def _key(self, event: Any, depth: int) -> str:
        value = self._value(event, depth + 1)
        if value is None or isinstance(value, dict | list):
            raise _error(event, "a key must be text")
        return key_text(value)

    def _merged(self, event: Any, depth: int) -> dict[str, Any]:
        """What `<<: *a` or `<<: [*a, *b]` brings in; of several, the first has the say."""
        value = self._value(event, depth + 1)
        merged: dict[str, Any] = {}
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise _error(event, "<< takes a mapping or a list of mappings")
            merged = source | merged
        return merged


def _height(value: Any) -> int:
    """How many levels of lists and mappings the value has."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_height, inner), default=0)


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _scalar(event: Any) -> Any:
    if event.implicit[0] and event.tag is None:
        return resolve(event.value)
    tag = event.tag
    if tag is None or tag in {"!", f"{_TAG}str"}:
        return event.value
    value = resolve(event.value)
    wanted: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}
    expected = wanted.get(tag.removeprefix(_TAG))
    if expected is None:
        raise _error(event, f"unknown tag {_short(tag)}")
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise _error(event, f'"{event.value}" is no {_short(tag)}')
    return value


def _check_tag(event: Any, expected: str) -> None:
    if event.tag not in {None, "!", _TAG + expected}:
        raise _error(event, f"unknown tag {_short(event.tag)}")


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag


def _error(event: Any, message: str) -> YamlError:
    return YamlError(message, line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _told(error: yaml.YAMLError, text: str) -> YamlError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, column = error.problem_mark.line, error.problem_mark.column
        return YamlError(_words(error, text, line), line=line + 1, column=column + 1)
    before = text[: getattr(error, "position", 0)]
    reason = getattr(error, "reason", None) or "cannot be read as YAML"
    return YamlError(str(reason), line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


def _words(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    if line < len(lines) and re.match(r" *\t", lines[line]):
        return "a tab may not indent; use spaces"
    context = f"{error.context}: " if error.context else ""
    return f"{context}{error.problem}"


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        style: str | None = "|"
    else:
        style = None if isinstance(resolve(text), str) and not _misleading(text) else '"'
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


def _misleading(text: str) -> bool:
    """Whether other readers take the text for a time or a base-60 number; quoted, it is text for everyone."""
    return re.fullmatch(r"\d{4}-\d\d?-\d\d?([Tt ].*)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", text) is not None


_Dumper.add_representer(str, _represent_text)


def dump(value: Mapping[str, Any] | list[Any]) -> str:
    """YAML as kubectl prints it: keys sorted, two spaces, lists level with their key, blocks for text of several lines."""
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=True, width=2**30)
    return text
