"""What stands out in a line of YAML, of a description, of a log. Each takes one cleaned line."""

from __future__ import annotations

import re

from console.tui.model.spans import Line, Role, Span

_YAML_KEY = re.compile(r"(\s*(?:- )*)([^\s:#'\"\[\]{}][^:#]*?|'[^']*'|\"[^\"]*\")(:)(?=\s|$)(.*)")
_YAML_ITEM = re.compile(r"(\s*(?:- )+)(.*)")
_HEADING = re.compile(r"(\S[^:]{0,40}:)(\s.*|$)")
_INNER = re.compile(r"(\s+)([A-Z][\w ./()-]{0,40}:)(\s.*|$)")
_TABLE_HEAD = re.compile(r"\s+(?:-{2,}\s*)+$")
_STAMP = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?")
_LEVEL = re.compile(r"\b(FATAL|PANIC|CRITICAL|ERROR|ERR|WARNING|WARN)\b|\blevel=(fatal|error|warn(?:ing)?)\b")
_LEVELS: dict[str, Role] = {"warning": "wait", "warn": "wait"}


def yaml_line(text: str) -> Line:
    if text.lstrip().startswith("#"):
        return (Span(text, "dim"),)
    found = _YAML_KEY.fullmatch(text)
    if found:
        indent, name, colon, value = found.groups()
        return _some((indent, "faint"), (name, "accent"), (colon, "dim"), (value, _value_role(value)))
    item = _YAML_ITEM.fullmatch(text)
    return _some((item[1], "faint"), (item[2], _value_role(item[2]))) if item else (Span(text),)


def _value_role(value: str) -> Role:
    return "faint" if value.strip() in ("{}", "[]", "null", '""', "|", ">", "|-", ">-") else "plain"


def describe_line(text: str) -> Line:
    found = _HEADING.fullmatch(text)
    if found:
        return _some((found[1], "accent"), (found[2], _value_of(found[2])))
    if _TABLE_HEAD.fullmatch(text):
        return (Span(text, "faint"),)
    inner = _INNER.fullmatch(text)
    if inner:
        return _some((inner[1], "plain"), (inner[2], "dim"), (inner[3], _value_of(inner[3])))
    if text.lstrip().startswith("Warning"):
        start = len(text) - len(text.lstrip())
        return _some((text[:start], "plain"), ("Warning", "wait"), (text[start + 7 :], "plain"))
    return (Span(text),)


def _value_of(value: str) -> Role:
    return "faint" if value.strip() in ("<none>", "<unset>", "<unknown>") else "plain"


def log_line(text: str) -> Line:
    """A time at the beginning recedes; a level that asks for attention does not."""
    stamp = _STAMP.match(text)
    head = stamp[0] if stamp else ""
    rest = text[len(head) :]
    level = _LEVEL.search(rest[:120])
    if level is None:
        return _some((head, "dim"), (rest, "plain"))
    word = (level[1] or level[2]).lower()
    return _some(
        (head, "dim"), (rest[: level.start()], "plain"), (level[0], _LEVELS.get(word, "bad")),
        (rest[level.end() :], "plain"))  # fmt: skip


def _some(*parts: tuple[str, Role]) -> Line:
    return tuple(Span(text, role) for text, role in parts if text)
