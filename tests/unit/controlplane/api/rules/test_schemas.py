"""Schemas of custom kinds must be structural."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api.errors import Problem
from controlplane.api.rules.places import Place
from controlplane.api.rules.schemas import check_schema, rules_in
from tests.support.custom import CRON_TAB, schema

Doc = dict[str, Any]

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
KEEPS = {"x-kubernetes-preserve-unknown-fields": True}


def problems(document: Doc) -> list[str]:
    found: list[Problem] = []
    check_schema(Place.root(found), "s", schema(document))
    return [str(problem) for problem in found]


def of(field: Doc, **root: Any) -> Doc:
    return {"type": "object", "properties": {"f": field}} | root


@pytest.mark.parametrize(
    "document",
    [
        CRON_TAB,
        {"type": "object"},
        of({"x-kubernetes-int-or-string": True, "anyOf": [INTEGER, STRING]}),
        of({"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": [INTEGER, STRING]}, {"pattern": "a"}]}),
        of(KEEPS),
        of({"type": "object", **KEEPS, "x-kubernetes-embedded-resource": True}),
        of({"type": "object", "additionalProperties": STRING}),
        of(INTEGER, anyOf=[{"properties": {"f": {"minimum": 1}}, "required": ["f"]}]),
        of({"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}),
        {
            "type": "object",
            "properties": {"metadata": {"type": "object", "properties": {"name": STRING | {"maxLength": 9}}}},
        },
        of({"type": "object", "default": {"a": 1}, "properties": {"a": INTEGER}}),
    ],
)
def test_a_structural_schema_passes(document: Doc) -> None:
    assert problems(document) == []


NOT_AN_OBJECT = 's.type: Invalid value: "array": must be object at the root'


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, ["s.type: Required value: must not be empty at the root"]),
        ({"type": "array", "items": STRING}, [NOT_AN_OBJECT]),
        ({"type": "object", "nullable": True}, ["s.nullable: Forbidden: nullable cannot be true at the root"]),
        ({"type": "object", "additionalProperties": STRING},
         ["s.additionalProperties: Forbidden: must not be used at the root"]),
        (of({}), ["s.properties[f].type: Required value: must not be empty for specified object fields"]),
        (of({"type": "array", "items": {}}),
         ["s.properties[f].items.type: Required value: must not be empty for specified array items"]),
        (of({"type": "array"}), ["s.properties[f].items: Required value: must be specified"]),
        (of({"type": "null"}),
         ["s.properties[f].type: Forbidden: type cannot be set to null, use nullable as an alternative"]),
        (of({"type": "text"}), ['s.properties[f].type: Unsupported value: "text": supported values: "array", "boolean", '
                                '"integer", "number", "object", "string"']),
        (of(STRING | {"uniqueItems": True}),
         ["s.properties[f].uniqueItems: Forbidden: uniqueItems cannot be set to true since "
                                              "the runtime complexity becomes quadratic"]),
        (of(STRING | {"$ref": "#/x"}), ["s.properties[f].$ref: Forbidden: $ref is not supported"]),
        (of(STRING | {"id": "x"}), ["s.properties[f].id: Forbidden: id is not supported"]),
        ({"type": "object", "definitions": {"a": STRING}}, ["s.definitions: Forbidden: definitions is not supported"]),
        ({"type": "object", "patternProperties": {"a": STRING}},
         ["s.patternProperties: Forbidden: patternProperties is not supported"]),
        ({"type": "object", "dependencies": {"a": ["b"]}}, ["s.dependencies: Forbidden: dependencies is not supported"]),
        (of({"type": "array", "items": [STRING]}),
         ["s.properties[f].items: Forbidden: items must be a schema object and not an array"]),
        (of(STRING | {"pattern": "(?=a)"}), ['s.properties[f].pattern: Invalid value: "(?=a)": must be a valid regular '
                                             "expression, but isn't: invalid perl operator: (?="]),
        (of({"type": "object", "properties": {"a": STRING}, "additionalProperties": STRING}),
         ["s.properties[f].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"]),
        (of({"type": "object", "x-kubernetes-preserve-unknown-fields": False}),
         ["s.properties[f].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"]),
        (of(STRING | {"x-kubernetes-int-or-string": True}),
         ['s.properties[f].type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true']),
        (of({"x-kubernetes-int-or-string": True, **KEEPS}),
         ["s.properties[f].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if "
          "x-kubernetes-int-or-string is true"]),
        (of({"type": "object", "x-kubernetes-embedded-resource": True}),
         ["s.properties[f].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without "
          "x-kubernetes-preserve-unknown-fields"]),
        (of(INTEGER, anyOf=[{"properties": {"g": {"minimum": 1}}}]),
         ["s.properties[g]: Required value: because it is defined in s.anyOf[0].properties[g]"]),
        (of(INTEGER | {"anyOf": [STRING]}), ["s.properties[f].anyOf[0].type: Forbidden: must be empty to be structural"]),
        (of(INTEGER | {"not": {"default": 1, "description": "x", "nullable": True}}),
         ["s.properties[f].not.default: Forbidden: must be undefined to be structural",
          "s.properties[f].not.description: Forbidden: must be empty to be structural",
          "s.properties[f].not.nullable: Forbidden: must be false to be structural"]),
        (of(INTEGER, allOf=[{"properties": {"metadata": {"maxProperties": 1}}}]),
         ["s.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context"]),
        ({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": KEEPS}}}},
         ["s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is "
          "implicitly specified"]),
        ({"type": "object", "properties": {"kind": INTEGER}},
         ['s.properties[kind].type: Invalid value: "integer": must be string']),
        (of({"type": "array", "items": STRING, "x-kubernetes-list-type": "bag"}),
         ['s.properties[f].x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"']),
        (of({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}),
         ['s.properties[f].items.x-kubernetes-map-type: Invalid value: "": must be atomic as item of a list with '
          "x-kubernetes-list-type=set"]),
        (of({"type": "array", "items": {"type": "object", "properties": {"a": STRING}}, "x-kubernetes-list-type": "map",
             "x-kubernetes-list-map-keys": ["a", "b"]}),
         ["s.properties[f].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so "
          "it "
          "must have a default or be a required property",
          's.properties[f].x-kubernetes-list-map-keys: Invalid value: ["a","b"]: entries must all be names of item '
          "properties"]),
        (of({"type": "array", "items": STRING, "x-kubernetes-list-map-keys": ["a"]}),
         ["s.properties[f].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty"]),
        (of(STRING | {"x-kubernetes-map-type": "atomic"}),
         ['s.properties[f].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified']),
        (of(STRING | {"default": 1}),
         ['s.properties[f].default: Invalid value: "integer": s.properties[f].default in body must be of type string: '
          '"integer"']),
        (of({"type": "object", "default": {"b": 1}}),
         ['s.properties[f].default: Invalid value: {"b":1}: must not have unknown fields: b']),
        ({"type": "object", "properties": {"kind": STRING | {"default": "x"}}},
         ["s.properties[kind].default: Forbidden: must not be set in top-level kind"]),
        (of(STRING | {"x-kubernetes-validations": [{"rule": " "}]}),
         ["s.properties[f].x-kubernetes-validations[0].rule: Required value: rule is not specified"]),
    ],
)  # fmt: skip
def test_what_is_not_structural_is_told(document: Doc, told: list[str]) -> None:
    assert problems(document) == told


def test_rules_are_found_wherever_they_stand() -> None:
    ruled = STRING | {"x-kubernetes-validations": [{"rule": "self != ''"}]}
    assert not rules_in(schema(CRON_TAB))
    assert all(rules_in(schema(one)) for one in (of(ruled), of({"type": "array", "items": ruled})))
    assert rules_in(schema(of({"type": "object", "additionalProperties": ruled})))
