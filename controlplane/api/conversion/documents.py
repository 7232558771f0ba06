"""Ways through documents that nobody has checked yet. What is not there, or not of the type it should be, is passed over:
the decoder tells what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Doc = dict[str, Any]


def part(doc: Doc, *path: str) -> Doc:
    """The object at the path; an empty one, not part of the document, where there is none."""
    for name in path:
        inner = doc.get(name)
        if not isinstance(inner, dict):
            return {}
        doc = inner
    return doc


def made(doc: Doc, *path: str) -> Doc:
    """The object at the path, which is put there where there is none."""
    for name in path:
        inner = doc.get(name)
        if not isinstance(inner, dict):
            inner = doc[name] = {}
        doc = inner
    return doc


def items(doc: Doc, *path: str) -> Iterator[Doc]:
    """The objects in the list at the path."""
    *before, last = path
    found = part(doc, *before).get(last)
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))


def move(doc: Doc, old: str, new: str) -> None:
    """Renames a field, unless the new name is taken."""
    if old in doc and new not in doc:
        doc[new] = doc.pop(old)


def default(doc: Doc, name: str, value: Any) -> None:
    """Sets a field that is missing or null."""
    if doc.get(name) is None:
        doc[name] = value


def copied(value: Any) -> Any:
    """A copy of a JSON value that shares nothing with it that can change."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def without_nothing(doc: Doc) -> Doc:
    """The fields that are set."""
    return {name: value for name, value in doc.items() if value is not None}
