"""What follows `/`: which rows does `crash status!=Running` keep?

web-7b              a regular expression, any case, over all cells; spaces are part of it
!web                what does not match
-l app=web          a label selector
status!=Running     a column against a value: = != for text, ~ !~ for an expression, < <= > >= for numbers
-l app=web nginx    several of these: all must hold
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.printers.columns import Column
from console.tui.model.rows import Row, sort_value
from controlplane.api import labels

Test = Callable[[Row], bool]

_TERM = re.compile(r"([A-Za-z][\w()-]*?)(!=|!~|<=|>=|==|=|~|<|>)(\S*)$")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}  # fmt: skip


class QueryError(ValueError):
    """The filter cannot be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Query:
    """An empty one keeps everything. `highlight` finds what to point out in the rows kept."""

    text: str = ""
    tests: tuple[Test, ...] = ()
    highlight: re.Pattern[str] | None = None

    def keeps(self, row: Row) -> bool:
        return all(test(row) for test in self.tests)


EVERYTHING = Query()


def parse(text: str, columns: Sequence[Column]) -> Query:
    """Raises QueryError."""
    tests: list[Test] = []
    words: list[str] = []
    parts = text.split()
    while parts:
        part = parts.pop(0)
        term = None if part.startswith("!") else _column_term(part, columns)
        if part == "-l":
            tests.append(_labels(parts.pop(0) if parts else ""))
        elif part.startswith("-l") and "=" in part:
            tests.append(_labels(part[2:]))
        elif term is not None:
            tests.append(term)
        else:
            words.append(part)
    rest = " ".join(words)
    if not rest:
        return Query(text.strip(), tuple(tests))
    inverse = rest.startswith("!")
    pattern = _compile(rest.removeprefix("!"))
    tests.append(_no_cell(pattern) if inverse else _any_cell(pattern))
    return Query(text.strip(), tuple(tests), None if inverse else pattern)


def _compile(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        at = f" at {error.pos + 1}" if error.pos is not None else ""
        raise QueryError(f"{text!r} is no regular expression: {error.msg}{at}") from error


def _labels(text: str) -> Test:
    if not text:
        raise QueryError("-l wants a label selector, such as -l app=web")
    try:
        selector = labels.parse(text)
    except ValueError as error:
        raise QueryError(f"-l {text}: {error}") from error
    return lambda row: selector.matches(row.labels)


def _any_cell(pattern: re.Pattern[str]) -> Test:
    return lambda row: pattern.search(" ".join(row.cells)) is not None


def _no_cell(pattern: re.Pattern[str]) -> Test:
    return lambda row: pattern.search(" ".join(row.cells)) is None


def _column_term(part: str, columns: Sequence[Column]) -> Test | None:
    """A test on one column, or None where `part` names none and so is ordinary text."""
    found = _TERM.match(part)
    if found is None:
        return None
    index = _column_index(found[1], columns)
    return None if index is None else _term(index, columns[index], sign=found[2], value=found[3])


def _column_index(word: str, columns: Sequence[Column]) -> int | None:
    """By name, or by the beginning of one: `status`, `restarts`, `clus`."""
    wanted = word.upper().replace("_", " ")
    names = [column.name for column in columns]
    if wanted in names:
        return names.index(wanted)
    starting = [index for index, name in enumerate(names) if len(wanted) > 1 and name.startswith(wanted)]
    return starting[0] if len(starting) == 1 else None


def _term(index: int, column: Column, *, sign: str, value: str) -> Test:
    if sign in _ORDER:
        return _number_term(index, column, sign=sign, value=value)
    wanted = value.casefold()
    if sign in ("=", "=="):
        return lambda row: row.cells[index].casefold() == wanted
    if sign == "!=":
        return lambda row: row.cells[index].casefold() != wanted
    pattern = _compile(value)
    if sign == "~":
        return lambda row: pattern.search(row.cells[index]) is not None
    return lambda row: pattern.search(row.cells[index]) is None


def _number_term(index: int, column: Column, *, sign: str, value: str) -> Test:
    compare = _ORDER[sign]
    try:
        bound = float(value)
    except ValueError as error:
        raise QueryError(f"{column.name.lower()}{sign}{value}: {value!r} is not a number") from error

    def test(row: Row) -> bool:
        of_number, number, _ = sort_value(row, column, index)
        return of_number == 0 and compare(number, bound)

    return test
