"""Checks a value against a schema: every problem, with its path, in Kubernetes' words.

A check is compiled once for each schema. What there is to check is looked up by the value's own type, so that a sound value
costs one look-up and the few checks that its schema really has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from controlplane.api import decoding, names
from controlplane.api.custom import formats, patterns
from controlplane.api.errors import Problem
from controlplane.api.json_values import shown
from protos.v1 import meta_pb2 as meta
from protos.v1.apiextensions_pb2 import JSONSchemaProps

# (value, its path, where problems go) -> nothing
Check = Callable[[Any, str, list[Problem]], None]

_CLASSES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
}
_NAMES = {dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_ALL = tuple(_NAMES)


def check_of(schema: JSONSchemaProps) -> Check:
    table = _by_class(schema)
    if all(not checks for checks in table.values()):
        return _nothing

    def check(value: Any, path: str, found: list[Problem]) -> None:
        for one in table[type(value)]:
            one(value, path, found)

    return check


def _nothing(_value: Any, _path: str, _found: list[Problem]) -> None:
    pass


def _by_class(schema: JSONSchemaProps) -> dict[type, tuple[Check, ...]]:
    """The checks for values of each class of JSON."""
    allowed = (int, str) if schema.x_int_or_string else _CLASSES.get(schema.type, _ALL)
    if schema.nullable:
        allowed = (*allowed, type(None))
    wrong = _wrong_type(schema)
    common = (*_enum(schema), *_junctors(schema))
    own: dict[type, Iterable[Check]] = {
        dict: _object_checks(schema),
        list: _list_checks(schema),
        str: _text_checks(schema),
        int: _number_checks(schema),
        float: (*_whole(schema), *_number_checks(schema)),
    }
    table: dict[type, tuple[Check, ...]] = {
        cls: (*own.get(cls, ()), *common) if cls in allowed else (wrong,) for cls in _ALL
    }
    if schema.nullable or type(None) in allowed:
        table[type(None)] = ()
    return table


def _wrong_type(schema: JSONSchemaProps) -> Check:
    wanted = "integer,string" if schema.x_int_or_string else schema.type

    def check(value: Any, path: str, found: list[Problem]) -> None:
        name = _NAMES[type(value)]
        text = f'Invalid value: "{name}": {path} in body must be of type {wanted}: "{name}"'
        found.append(Problem(path, text, "FieldValueTypeInvalid"))

    return check


def _whole(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.type != "integer":
        return
    wrong = _wrong_type(schema)

    def check(value: float, path: str, found: list[Problem]) -> None:
        if not value.is_integer():
            wrong(value, path, found)

    yield check


def _enum(schema: JSONSchemaProps) -> Iterable[Check]:
    if not schema.enum:
        return
    supported = {_canonical(orjson.loads(one.raw)) for one in schema.enum}
    told = ", ".join(one.raw.decode() for one in schema.enum)

    def check(value: Any, path: str, found: list[Problem]) -> None:
        if _canonical(value) not in supported:
            text = f"Unsupported value: {shown(value)}: supported values: {told}"
            found.append(Problem(path, text, "FieldValueNotSupported"))

    yield check


def _canonical(value: Any) -> bytes:
    """The same for values that JSON holds to be equal: 1 and 1.0 are."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)


def _limit(sound: Callable[[Any], bool], why: str) -> Check:
    def check(value: Any, path: str, found: list[Problem]) -> None:
        if not sound(value):
            found.append(Problem(path, f"Invalid value: {shown(value)}: {path} in body {why}"))

    return check


def _size(limit: int, reason: str, text: str) -> Check:
    def check(value: Any, path: str, found: list[Problem]) -> None:
        if len(value) > limit:
            found.append(Problem(path, text.format(count=len(value), limit=limit), reason))

    return check


def _most(limit: int) -> Check:
    return _size(limit, "FieldValueTooMany", "Too many: {count}: must have at most {limit} items")


def _text_checks(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.HasField("max_length"):
        yield _size(schema.max_length, "FieldValueTooLong", "Too long: may not be more than {limit} bytes")
    if schema.HasField("min_length"):
        fewest = schema.min_length
        yield _limit(lambda value: len(value) >= fewest, f"should be at least {fewest} chars long")
    if schema.pattern:
        yield _limit(patterns.matcher(schema.pattern), f"should match '{schema.pattern}'")
    if (is_sound := formats.TEXT.get(schema.format)) is not None:
        yield _format(schema.format, is_sound)


def _format(name: str, is_sound: Callable[[str], bool]) -> Check:
    def check(value: str, path: str, found: list[Problem]) -> None:
        if not is_sound(value):
            text = f"Invalid value: {shown(value)}: {path} in body must be of type {name}: {shown(value)}"
            found.append(Problem(path, text))

    return check


def _number_checks(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.HasField("maximum"):
        high, strictly = schema.maximum, schema.exclusive_maximum
        how = "less than" if strictly else "less than or equal to"
        yield _limit(lambda value: value < high or (value == high and not strictly), f"should be {how} {high:g}")
    if schema.HasField("minimum"):
        low, strict = schema.minimum, schema.exclusive_minimum
        how = "greater than" if strict else "greater than or equal to"
        yield _limit(lambda value: value > low or (value == low and not strict), f"should be {how} {low:g}")
    if schema.HasField("multiple_of") and schema.multiple_of > 0:
        of = schema.multiple_of
        yield _limit(lambda value: _is_multiple(value, of), f"should be a multiple of {of:g}")
    if schema.type == "integer" and (bits := formats.BITS.get(schema.format)) is not None:
        edge = 1 << (bits - 1)
        yield _limit(lambda value: -edge <= value < edge, f"must be of type {schema.format}")


def _is_multiple(value: float, of: float) -> bool:
    times = value / of
    return abs(times - round(times)) < 1e-9


def _list_checks(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.HasField("max_items"):
        yield _most(schema.max_items)
    if schema.HasField("min_items"):
        fewest = schema.min_items
        yield _limit(lambda value: len(value) >= fewest, f"should have at least {fewest} items")
    if schema.HasField("items"):
        yield from _items(check_of(schema.items.schema))
    if schema.x_list_type == "set":
        yield _unique(lambda item: item)
    elif schema.x_list_type == "map":
        keys = list(schema.x_list_map_keys)
        yield _unique(lambda item: {key: item.get(key) for key in keys} if isinstance(item, dict) else item)


def _items(inner: Check) -> Iterable[Check]:
    if inner is _nothing:
        return

    def check(value: list[Any], path: str, found: list[Problem]) -> None:
        for index, item in enumerate(value):
            inner(item, f"{path}[{index}]", found)

    yield check


def _unique(key_of: Callable[[Any], Any]) -> Check:
    def check(value: list[Any], path: str, found: list[Problem]) -> None:
        seen: set[bytes] = set()
        for index, item in enumerate(value):
            key = key_of(item)
            told = _canonical(key)
            if told in seen:
                found.append(Problem(f"{path}[{index}]", f"Duplicate value: {shown(key)}", "FieldValueDuplicate"))
            seen.add(told)

    return check


def _object_checks(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.required:
        yield _required(tuple(schema.required))
    if schema.HasField("max_properties"):
        yield _most(schema.max_properties)
    if schema.HasField("min_properties"):
        fewest = schema.min_properties
        yield _limit(lambda value: len(value) >= fewest, f"should have at least {fewest} properties")
    properties = {name: inner for name, one in schema.properties.items() if (inner := check_of(one)) is not _nothing}
    if properties:
        yield _properties(properties)
    if schema.additional_properties.HasField("schema"):
        inner = check_of(schema.additional_properties.schema)
        if inner is not _nothing:
            yield _values(inner, frozenset(schema.properties))
    if schema.x_embedded_resource:
        yield _check_object_fields


def _required(names_: tuple[str, ...]) -> Check:
    def check(value: dict[str, Any], path: str, found: list[Problem]) -> None:
        missing = (name for name in names_ if name not in value)
        found.extend(Problem(f"{path}.{name}".lstrip("."), "Required value", "FieldValueRequired") for name in missing)

    return check


def _properties(checks: dict[str, Check]) -> Check:
    def check(value: dict[str, Any], path: str, found: list[Problem]) -> None:
        prefix = f"{path}." if path else ""
        for name, inner in value.items():
            if (one := checks.get(name)) is not None:
                one(inner, prefix + name, found)

    return check


def _values(inner: Check, known: frozenset[str]) -> Check:
    def check(value: dict[str, Any], path: str, found: list[Problem]) -> None:
        prefix = f"{path}." if path else ""
        for name, one in value.items():
            if name not in known:
                inner(one, prefix + name, found)

    return check


def _junctors(schema: JSONSchemaProps) -> Iterable[Check]:
    if schema.all_of:
        yield _all_of([check_of(one) for one in schema.all_of])
    if schema.any_of:
        yield _counted([check_of(one) for one in schema.any_of], 1, None, "at least one schema (anyOf)")
    if schema.one_of:
        yield _counted([check_of(one) for one in schema.one_of], 1, 1, "one and only one schema (oneOf)")
    if schema.HasField("not_"):
        yield _counted([check_of(schema.not_)], 0, 0, "not validate the schema (not)")


def _all_of(checks: list[Check]) -> Check:
    def check(value: Any, path: str, found: list[Problem]) -> None:
        for one in checks:
            one(value, path, found)

    return check


def _counted(checks: list[Check], fewest: int, most: int | None, told: str) -> Check:
    """How many of the schemas must hold."""
    must = told if told.startswith("not ") else f"validate {told}"

    def check(value: Any, path: str, found: list[Problem]) -> None:
        closest: list[Problem] | None = None
        sound = 0
        for one in checks:
            inner: list[Problem] = []
            one(value, path, inner)
            sound += not inner
            if inner and (closest is None or len(inner) < len(closest)):
                closest = inner
        if sound < fewest or (most is not None and sound > most):
            text = f'Invalid value: {shown(value)}: "{path}" must {must}'
            found.append(Problem(path or "<root>", text + (f". Found {sound} valid alternatives" if sound > 1 else "")))
            if not sound and closest:
                found.extend(closest)

    return check


def _check_object_fields(value: dict[str, Any], path: str, found: list[Problem]) -> None:
    """An object inside an object says what it is, and its metadata is sound."""
    missing = (name for name in ("apiVersion", "kind") if not isinstance(value.get(name), str) or not value[name])
    found.extend(Problem(f"{path}.{name}", "Required value: must not be empty", "FieldValueRequired") for name in missing)
    metadata = value.get("metadata", {})
    problems = decoding.fill(read := meta.ObjectMeta(), metadata)
    found.extend(Problem(f"{path}.metadata.{one.path}".rstrip("."), one.message, one.reason) for one in problems)
    if read.name and (wrong := names.dns_subdomain(read.name)):
        found.append(Problem(f"{path}.metadata.name", f"Invalid value: {shown(read.name)}: {wrong}"))
