"""Patches as they arrive: JSON or YAML text of any origin, bounded in size and depth before it is looked into."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from controlplane.api import errors, yaml_text

MOST_BYTES = 3 << 20
_DEEPEST = 100


def json_in(text: bytes) -> Any:
    """Raises BadRequest for what is no JSON, TooLarge for what is too long."""
    _check_size(text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise errors.BadRequest(f"the patch is not JSON: {error}") from error
    check_depth(value)
    return value


def object_in(text: bytes) -> dict[str, Any]:
    """A JSON object. Raises as `json_in`."""
    value = json_in(text)
    if not isinstance(value, dict):
        raise errors.BadRequest('the patch must be a JSON object, such as {"spec": {"replicas": 3}}')
    return value


def configuration_in(text: bytes) -> dict[str, Any]:
    """One object in JSON or YAML, as it is sent to be applied. Raises as `json_in`."""
    _check_size(text)
    try:
        documents = yaml_text.load_all(text.decode())
    except (yaml_text.YamlError, UnicodeDecodeError) as error:
        raise errors.BadRequest(f"error decoding YAML: {error}") from error
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise errors.BadRequest("the patch must be one object in JSON or YAML, with apiVersion, kind and metadata.name")
    value: dict[str, Any] = documents[0].value
    check_depth(value)
    return value


def _check_size(text: bytes) -> None:
    if len(text) > MOST_BYTES:
        raise errors.TooLarge(f"the patch takes {len(text)} bytes; the limit is {MOST_BYTES}")


def check_depth(value: Any, what: str = "the patch") -> None:
    """Raises BadRequest for a document that is too deep for what walks it by recursion."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise errors.BadRequest(f"{what} is nested more than {_DEEPEST} levels deep")


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class _Doubled(dict[str, Any]):
    """An object that was written with the same name twice."""

    names: tuple[str, ...] = ()


def duplicates_in(text: bytes) -> list[str]:
    """The paths of fields that JSON text gives more than once, of which only the last counts: `spec.replicas`."""
    found = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        value = dict(items)
        if len(value) == len(items):
            return value
        found = True
        names = [name for name, _ in items]
        doubled = _Doubled(items)
        doubled.names = tuple(name for name in value if names.count(name) > 1)
        return doubled

    value = json.loads(text, object_pairs_hook=pairs, parse_int=str)  # only names count here
    return list(_doubled_paths(value, "")) if found else []


def _doubled_paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Doubled):
        yield from (f"{path}.{name}".removeprefix(".") for name in value.names)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _doubled_paths(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _doubled_paths(inner, f"{path}[{index}]")
