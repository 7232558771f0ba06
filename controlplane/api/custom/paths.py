"""JSON paths as definitions of custom kinds use them: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`.

Fields, quoted fields, list indexes, `[*]` and filters by equality; of several values the first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterable[Any]]

_STEP = re.compile(
    r"""
    \.(?P<field>(?:[^.\[\]\\'"\s]|\\.)+)
    | \[(?P<quote>['"])(?P<quoted>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)\]
    | \[(?P<index>-?[0-9]{1,9})\]
    | (?P<all>\[\*\])
    | \[\?\(\s*@(?P<by>(?:\.[A-Za-z0-9_-]+)+)\s*==\s*(?P<mark>["'])(?P<wanted>(?:(?!(?P=mark)).)*)(?P=mark)\s*\)\]
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


def read(document: object, path: str) -> Any:
    """The value at the path, None where there is none. Raises ValueError for what is no path."""
    values: Iterable[Any] = (document,)
    for step in _steps(path):
        values = [found for value in values for found in step(value)]
    return next(iter(values), None)


def write(document: dict[str, Any], path: str, value: object) -> None:
    """Puts the value at a path of fields, making the objects on the way. Raises ValueError where one of them is none."""
    *way, last = fields_of(path)
    place = document
    for field in way:
        place = place.setdefault(field, {})
        if not isinstance(place, dict):
            raise ValueError(f"{path}: {field} is no object")
    place[last] = value


@lru_cache(maxsize=1024)
def fields_of(path: str) -> tuple[str, ...]:
    """The field names of a path that has nothing else. Raises ValueError for other paths."""
    names = []
    for found in _parts(path):
        name = found["field"] or found["quoted"]
        if not name:
            raise ValueError(f'"{path}" has a step that is no field')
        names.append(_ESCAPED.sub(r"\1", name))
    return tuple(names)


def text(value: object) -> str:
    """A value as selectors compare it: numbers in decimal, `true` or `false`, empty when there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[Step, ...]:
    return tuple(map(_step, _parts(path)))


def _parts(path: str) -> Iterator[re.Match[str]]:
    position = 0
    text = path if path[:1] in {".", "["} else f".{path}"
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise ValueError(f'"{path}" is no JSON path from "{text[position:]}" on')
        position = found.end()
        yield found


def _step(found: re.Match[str]) -> Step:
    name = found["field"] or found["quoted"]
    if name is not None:
        return _field(_ESCAPED.sub(r"\1", name))
    if found["index"] is not None:
        return _item(int(found["index"]))
    if found["all"]:
        return lambda value: value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    by, wanted = found["by"], found["wanted"]
    return lambda value: [one for one in value if text(read(one, by)) == wanted] if isinstance(value, list) else ()


def _field(name: str) -> Step:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _item(index: int) -> Step:
    return lambda value: value[index : index + 1 or None] if isinstance(value, list) else ()
