"""What a schema makes of an object's content, and what it finds wrong with it."""

from __future__ import annotations

import timeit
from typing import Any

import pytest

from controlplane.api.custom.schema import compile_schema
from protos.v1 import meta_pb2 as meta
from tests.support.custom import schema

Doc = dict[str, Any]

STRING, INTEGER, OBJECT = {"type": "string"}, {"type": "integer"}, {"type": "object"}


def of(field: Doc, **root: Any) -> Doc:
    return {"type": "object", "properties": {"f": field}} | root


def keeps(**more: Any) -> Doc:
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True} | more


@pytest.mark.parametrize(
    ("field", "given", "wanted", "removed"),
    [
        (STRING, "a", "a", []),
        (OBJECT, {"a": 1, "b": {}}, {}, ["f.a", "f.b"]),
        ({"type": "object", "properties": {"a": STRING}}, {"a": "x", "b": 1}, {"a": "x"}, ["f.b"]),
        ({"type": "object", "additionalProperties": STRING}, {"a": "x"}, {"a": "x"}, []),
        ({"type": "object", "additionalProperties": True}, {"a": {"b": 1}}, {"a": {}}, ["f.a.b"]),
        ({"type": "array", "items": {"type": "object", "properties": {"a": STRING}}}, [{"a": "x", "b": 1}], [{"a": "x"}],
         ["f[0].b"]),
        (keeps(), {"a": {"b": 1}}, {"a": {"b": 1}}, []),
        (keeps(properties={"a": {"type": "object", "properties": {"b": INTEGER}}}), {"a": {"b": 1, "c": 2}, "d": {"e": 3}},
         {"a": {"b": 1}, "d": {"e": 3}}, ["f.a.c"]),
        ({"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": OBJECT}},
         {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "colour": "red"}, "spec": {}, "status": {}},
         {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}, ["f.status", "f.metadata.colour"]),
        (STRING | {"default": "x"}, None, "x", []),
        (STRING | {"default": "x", "nullable": True}, None, None, []),
        ({"type": "object", "additionalProperties": STRING | {"default": "x"}}, {"a": None, "b": "y"},
         {"a": "x", "b": "y"}, []),
        ({"type": "object", "additionalProperties": STRING}, {"a": None}, {}, []),
        ({"type": "array", "items": STRING | {"default": "x"}}, [None, "y"], ["x", "y"], []),
        ({"type": "object", "properties": {"a": STRING | {"default": "x"}}}, {}, {"a": "x"}, []),
        ({"type": "object", "default": {}, "properties": {"a": STRING | {"default": "x"}}}, None, {"a": "x"}, []),
    ],
)  # fmt: skip
def test_unknown_fields_go_and_defaults_come(field: Doc, given: object, wanted: object, removed: list[str]) -> None:
    content = {"f": given}
    assert compile_schema(schema(of(field))).complete(content) == removed
    assert content == {"f": wanted}


def test_a_field_that_is_missing_gets_its_default_and_null_without_one_goes() -> None:
    compiled = compile_schema(schema({"type": "object", "properties": {"a": STRING | {"default": "x"}, "b": STRING}}))
    content: Doc = {"b": None}
    compiled.complete(content)
    assert content == {"a": "x"}


def test_a_default_is_everyones_own_copy() -> None:
    compiled = compile_schema(schema(of({"type": "array", "items": STRING, "default": []})))
    one: Doc = {}
    other: Doc = {}
    compiled.complete(one)
    one["f"].append("x")
    compiled.complete(other)
    assert other == {"f": []}


LIST_MAP = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {"type": "object", "required": ["name"], "properties": {"name": STRING, "value": INTEGER}},
}


@pytest.mark.parametrize(
    ("field", "value", "problems"),
    [
        (STRING, 1, ['f: Invalid value: "integer": f in body must be of type string: "integer"']),
        (STRING, None, ['f: Invalid value: "null": f in body must be of type string: "null"']),
        (STRING | {"nullable": True}, None, []),
        (INTEGER, 1.5, ['f: Invalid value: "number": f in body must be of type integer: "number"']),
        (INTEGER, 2.0, []),
        (INTEGER, True, ['f: Invalid value: "boolean": f in body must be of type integer: "boolean"']),
        ({"type": "number"}, 1, []),
        (INTEGER | {"format": "int32"}, 2**31, ["f: Invalid value: 2147483648: f in body must be of type int32"]),
        ({"x-kubernetes-int-or-string": True}, "50%", []),
        ({"x-kubernetes-int-or-string": True}, 5, []),
        ({"x-kubernetes-int-or-string": True}, [],
         ['f: Invalid value: "array": f in body must be of type integer,string: "array"']),
        ({"x-kubernetes-int-or-string": True, "anyOf": [INTEGER, STRING]}, 5, []),
        (INTEGER | {"minimum": 1}, 0, ["f: Invalid value: 0: f in body should be greater than or equal to 1"]),
        (INTEGER | {"minimum": 1, "exclusiveMinimum": True}, 1,
         ["f: Invalid value: 1: f in body should be greater than 1"]),
        (INTEGER | {"maximum": 10}, 11, ["f: Invalid value: 11: f in body should be less than or equal to 10"]),
        (INTEGER | {"maximum": 10, "exclusiveMaximum": True}, 10,
         ["f: Invalid value: 10: f in body should be less than 10"]),
        ({"type": "number", "multipleOf": 0.1}, 0.3, []),
        (INTEGER | {"multipleOf": 3}, 4, ["f: Invalid value: 4: f in body should be a multiple of 3"]),
        (STRING | {"minLength": 2}, "é", ['f: Invalid value: "é": f in body should be at least 2 chars long']),
        (STRING | {"maxLength": 2}, "abc", ["f: Too long: may not be more than 2 bytes"]),
        (STRING | {"pattern": "^a+$"}, "ab", ["f: Invalid value: \"ab\": f in body should match '^a+$'"]),
        (STRING | {"pattern": "b"}, "abc", []),
        (STRING | {"pattern": "^a$"}, "a\n", ["f: Invalid value: \"a\\n\": f in body should match '^a$'"]),
        (STRING | {"enum": ["a", "b"]}, "c", ['f: Unsupported value: "c": supported values: "a", "b"']),
        ({"type": "number", "enum": [1]}, 1.0, []),
        (STRING | {"format": "ipv4"}, "1.2.3", ['f: Invalid value: "1.2.3": f in body must be of type ipv4: "1.2.3"']),
        (STRING | {"format": "no-such-format"}, "x", []),
        ({"type": "array", "items": INTEGER, "maxItems": 1}, [1, 2], ["f: Too many: 2: must have at most 1 items"]),
        ({"type": "array", "items": INTEGER, "minItems": 1}, [],
         ["f: Invalid value: []: f in body should have at least 1 items"]),
        ({"type": "array", "items": INTEGER}, [1, "2"],
         ['f[1]: Invalid value: "string": f[1] in body must be of type integer: "string"']),
        ({"type": "array", "items": INTEGER, "x-kubernetes-list-type": "set"}, [1, 2, 1], ["f[2]: Duplicate value: 1"]),
        (LIST_MAP, [{"name": "a"}, {"name": "a", "value": 2}], ['f[1]: Duplicate value: {"name":"a"}']),
        ({"type": "object", "required": ["a"], "properties": {"a": STRING}}, {}, ["f.a: Required value"]),
        ({"type": "object", "additionalProperties": INTEGER}, {"a": "x"},
         ['f.a: Invalid value: "string": f.a in body must be of type integer: "string"']),
        (keeps(minProperties=1), {}, ["f: Invalid value: {}: f in body should have at least 1 properties"]),
        (keeps(maxProperties=1), {"a": 1, "b": 2}, ["f: Too many: 2: must have at most 1 items"]),
        (INTEGER | {"not": {"enum": [3]}}, 3, ['f: Invalid value: 3: "f" must not validate the schema (not)']),
        (INTEGER | {"allOf": [{"minimum": 1}, {"maximum": 3}]}, 4,
         ["f: Invalid value: 4: f in body should be less than or equal to 3"]),
        (INTEGER | {"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 2,
         ['f: Invalid value: 2: "f" must validate one and only one schema (oneOf). Found 2 valid alternatives']),
        (INTEGER | {"anyOf": [{"minimum": 5}, {"maximum": 3}]}, 4,
         ['f: Invalid value: 4: "f" must validate at least one schema (anyOf)',
          "f: Invalid value: 4: f in body should be greater than or equal to 5"]),
        (keeps(**{"x-kubernetes-embedded-resource": True}), {"kind": "Pod", "metadata": {"name": "A"}},
         ["f.apiVersion: Required value: must not be empty",
          'f.metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
          "characters, '-' or '.', and must start and end with an alphanumeric character"]),
    ],
)  # fmt: skip
def test_every_problem_is_told_with_its_path(field: Doc, value: object, problems: list[str]) -> None:
    assert [str(problem) for problem in compile_schema(schema(of(field))).problems({"f": value})] == problems


def test_the_name_may_be_narrowed_and_the_required_fields_of_every_object_are_no_content() -> None:
    metadata = {"type": "object", "properties": {"name": STRING | {"maxLength": 3}}}
    properties = {"metadata": metadata, "kind": STRING, "apiVersion": STRING, "spec": keeps()}
    compiled = compile_schema(schema({"type": "object", "required": ["kind", "metadata", "spec"], "properties": properties}))
    told = compiled.problems({}, meta.ObjectMeta(name="long"))
    assert [str(problem) for problem in told] == [
        "spec: Required value",
        "metadata.name: Too long: may not be more than 3 bytes",
    ]


def test_a_pattern_that_would_take_others_forever_is_answered_at_once() -> None:
    compiled = compile_schema(schema(of(STRING | {"pattern": "^(a+)+$"})))
    assert timeit.timeit(lambda: compiled.problems({"f": "a" * 5000 + "!"}), number=1) < 0.5


@pytest.mark.parametrize(
    ("name", "sound", "unsound"),
    [
        ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
        ("uri", "https://example.com/a", "a b"),
        ("email", "a@example.com", "example.com"),
        ("hostname", "web-1.example.com", "-web"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "2001:db8::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "10.0.0.1"),
        ("mac", "01:23:45:67:89:ab", "01:23"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e"),
        ("uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("isbn", "0-321-75104-3", "0-321-75104-4"),
        ("isbn13", "978-0321751041", "978-0321751042"),
        ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("ssn", "111-11-1111", "111-11"),
        ("hexcolor", "#fff", "#ggg"),
        ("rgbcolor", "rgb(0, 10, 255)", "rgb(0, 10, 256)"),
        ("byte", "aGVsbG8=", "aGVsbG8"),
        ("date", "2026-11-22", "2026-13-22"),
        ("duration", "1h30m", "soon"),
        ("date-time", "2026-11-22T07:18:29Z", "2026-11-22"),
    ],
)
def test_a_format_that_kubernetes_knows_is_checked(name: str, sound: str, unsound: str) -> None:
    compiled = compile_schema(schema(of(STRING | {"format": name})))
    assert compiled.problems({"f": sound}) == []
    assert [problem.path for problem in compiled.problems({"f": unsound})] == ["f"]
