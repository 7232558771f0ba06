"""Brings a value into a schema's shape: removes the fields that the schema does not know, then fills in its defaults.

Kubernetes prunes first and defaults then; what a default puts in is pruned already, so one walk does both. A walk is
compiled once for each schema; parts that need nothing are not walked at all. Doing it twice changes nothing more.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson

from controlplane.api import decoding, encoding
from protos.v1 import meta_pb2 as meta
from protos.v1.apiextensions_pb2 import JSONSchemaProps

# (value, its path, the paths of what was removed) -> nothing: the value is changed in place.
Shape = Callable[[Any, str, list[str]], None]

# Fields that every object has, whatever the schema says of them.
OBJECT_FIELDS = ("apiVersion", "kind", "metadata")


def shape_of(schema: JSONSchemaProps) -> Shape | None:
    """None for a schema whose values stay as they are."""
    if schema.type == "array" or schema.HasField("items"):
        return _list_shape(schema)
    if schema.type == "object" or schema.properties or schema.HasField("additional_properties"):
        return _object_shape(schema)
    return None if schema.x_preserve_unknown_fields or schema.type else _bare


def _bare(value: Any, path: str, removed: list[str]) -> None:
    """A value that no schema describes keeps no fields."""
    if isinstance(value, dict):
        removed.extend(f"{path}.{name}" for name in value)
        value.clear()
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _bare(item, f"{path}[{index}]", removed)


def _list_shape(schema: JSONSchemaProps) -> Shape | None:
    items = schema.items.schema
    inner = shape_of(items)
    default, drops_null = _default(items), not _takes_null(items)
    if inner is None and (default is None or not drops_null):
        return None

    def shape(value: Any, path: str, removed: list[str]) -> None:
        if type(value) is not list:
            return
        for index, item in enumerate(value):
            if item is None and drops_null and default is not None:
                item = value[index] = copy.deepcopy(default)
            if inner is not None:
                inner(item, f"{path}[{index}]", removed)

    return shape


def _object_shape(schema: JSONSchemaProps) -> Shape:
    known = {name: shape_of(inner) for name, inner in schema.properties.items()}
    not_null = {name for name, inner in schema.properties.items() if not _takes_null(inner)}
    defaults = {name: value for name, inner in schema.properties.items() if (value := _default(inner)) is not None}
    keeps = schema.x_preserve_unknown_fields
    others, other_default, drops_others = _others(schema)
    is_object, is_map = schema.x_embedded_resource, schema.HasField("additional_properties")

    def shape(value: Any, path: str, removed: list[str]) -> None:
        if type(value) is not dict:
            return
        for name in list(value):
            inner_value = value[name]
            if name in known:
                inner = known[name]
                if inner_value is None and name in not_null:
                    del value[name]
                    continue
            elif is_object and name in OBJECT_FIELDS:
                continue
            elif is_map:
                inner = others
                if inner_value is None and drops_others:
                    if other_default is None:
                        del value[name]
                        continue
                    inner_value = value[name] = copy.deepcopy(other_default)
            elif keeps:
                continue
            else:
                removed.append(f"{path}.{name}")
                del value[name]
                continue
            if inner is not None:
                inner(inner_value, f"{path}.{name}", removed)
        for name, default in defaults.items():
            if name not in value:
                fresh = value[name] = copy.deepcopy(default)
                if (inner := known[name]) is not None:
                    inner(fresh, f"{path}.{name}", removed)
        if is_object:
            _shape_metadata(value, path, removed)

    return shape


def _others(schema: JSONSchemaProps) -> tuple[Shape | None, Any, bool]:
    """For the values of a map: their shape, their default, and whether they may not be null."""
    if not schema.HasField("additional_properties"):
        return None, None, False
    if not schema.additional_properties.HasField("schema"):
        return (None if schema.x_preserve_unknown_fields else _bare), None, False
    values = schema.additional_properties.schema
    return shape_of(values), _default(values), not _takes_null(values)


def _shape_metadata(value: dict[str, Any], path: str, removed: list[str]) -> None:
    """The metadata of an object inside an object: those fields that metadata has."""
    given = value.get("metadata")
    if not isinstance(given, dict):
        return
    problems = decoding.fill(read := meta.ObjectMeta(), given)
    if all(problem.reason == decoding.UNKNOWN for problem in problems):
        removed.extend(f"{path}.metadata.{problem.path}" for problem in problems)
        value["metadata"] = encoding.message_to_dict(read)


def _takes_null(schema: JSONSchemaProps) -> bool:
    return schema.nullable or not (schema.type or schema.x_int_or_string)


def _default(schema: JSONSchemaProps) -> Any:
    return orjson.loads(schema.default.raw) if schema.HasField("default") and schema.default.raw else None
