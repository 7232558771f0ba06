"""Sets of fields in the FieldsV1 format: `{"f:spec": {"f:replicas": {}}}`.

A field is a path of elements, each written as the format does: `f:name` a field, `k:{"name":"web"}` the item of a list that
has this key, `v:"x"` the item that is this value, `i:0` the item in this place. A set is a frozenset of such paths, so that
union, intersection and difference are Python's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from controlplane.api.patches.shapes import Shape

Path = tuple[str, ...]
FieldSet = frozenset[Path]
Tree = dict[str, Any]
"""A set as nested objects, by element; `.` marks each path that is a member."""

NONE: FieldSet = frozenset()
MEMBER = "."
_DEEPEST = 200


def field(name: str) -> str:
    return f"f:{name}"


def elements(items: Sequence[Any], shape: Shape) -> list[tuple[str, Any]]:
    """Each item of a list that is a set or a map, with its path element."""
    return [(element(item, shape), item) for item in items]


def element(item: Any, shape: Shape) -> str:
    if shape.list_type == "map" and isinstance(item, Mapping):
        key = {name: item.get(name, default) for name, default in shape.keys}
        return f"k:{_json(key)}"
    return f"v:{_json(item)}"


def fields_in(document: Any, shape: Shape) -> FieldSet:
    """Every field that the document sets: its scalars, atomic values, empty objects and items of lists."""
    found: set[Path] = set()
    _collect(document, shape, (), found)
    return frozenset(found)


def _collect(value: Any, shape: Shape, path: Path, found: set[Path]) -> None:
    if isinstance(value, Mapping) and not shape.atomic:
        known = shape.fields
        for name, inner in value.items():
            here = (*path, f"f:{name}")
            _collect(inner, shape.of(name), here, found)
            if inner == {} or name not in known:
                found.add(here)
    elif isinstance(value, list) and shape.list_type != "atomic":
        for step, item in elements(value, shape):
            _collect(item, shape.of_items, (*path, step), found)
            found.add((*path, step))
    else:
        found.add(path)


def with_named_parents(fields: Iterable[Path], shape: Shape) -> FieldSet:
    """The set and, of each path in it, every part that is a named field of an object (not a key of a map, nor an item)."""
    named: set[Path] = set()
    for path in fields:
        named.add(path)
        here = shape
        for depth, step in enumerate(path[:-1], 1):
            if step.startswith("f:"):
                if step[2:] in here.fields:
                    named.add(path[:depth])
                here = here.of(step[2:])
            else:
                here = here.of_items
    return frozenset(named)


def tree(fields: Iterable[Path]) -> Tree:
    root: Tree = {}
    for path in fields:
        node = root
        for step in path:
            node = node.setdefault(step, {})
        node[MEMBER] = {}
    return root


def to_json(fields: FieldSet) -> bytes:
    """The set as FieldsV1 JSON; equal sets give equal text."""
    return orjson.dumps(_without_lone_marks(tree(fields)), option=orjson.OPT_SORT_KEYS)


def _without_lone_marks(node: Tree) -> Tree:
    if len(node) == 1 and MEMBER in node:
        return {}
    return {step: _without_lone_marks(inner) for step, inner in node.items()}


def from_json(text: bytes) -> FieldSet:
    """The set that FieldsV1 JSON stands for. Raises ValueError for other text."""
    return frozenset(_paths(orjson.loads(text or b"{}"), ()))


def _paths(node: object, path: Path) -> Iterator[Path]:
    if not isinstance(node, dict):
        raise ValueError(f"a set of fields is made of objects, not of {node!r}")
    if len(path) > _DEEPEST:
        raise ValueError(f"a set of fields is at most {_DEEPEST} levels deep")
    for step, inner in node.items():
        if step == MEMBER:
            yield path
            continue
        here = (*path, _canonical(step))
        if inner == {}:
            yield here
        else:
            yield from _paths(inner, here)


def _canonical(step: str) -> str:
    """The element with its JSON as we write it, so that equal elements are equal text."""
    kind, _, rest = step.partition(":")
    if kind == "f" and rest:
        return step
    if kind in ("k", "v"):
        value = orjson.loads(rest)
        if kind == "v" or isinstance(value, dict):
            return f"{kind}:{_json(value)}"
    if kind == "i" and rest.lstrip("-").isdigit():
        return step
    raise ValueError(f"{step!r} is no path element; one begins with f:, k:, v: or i:")


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def told(path: Path) -> str:
    """The path as Kubernetes writes it for people: `.spec.containers[name="web"].image`."""
    return "".join(map(_told, path))


def _told(step: str) -> str:
    kind, _, rest = step.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        return "[" + ",".join(f"{name}={_json(value)}" for name, value in orjson.loads(rest).items()) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
