"""Rules for the schemas of custom kinds: structural, as Kubernetes calls it ("Specifying a structural schema").

What fields there are, with their types and defaults, is said outside of allOf, anyOf, oneOf and not; those only narrow.
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import orjson

from controlplane.api.custom import checking, patterns, shaping
from controlplane.api.encoding import message_to_dict
from controlplane.api.errors import Problem
from controlplane.api.rules.places import Place
from protos.v1.apiextensions_pb2 import JSONSchemaProps

Level = Literal["root", "item", "field"]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_WHERE = {"root": "at the root", "item": "for specified array items", "field": "for specified object fields"}
_UNSUPPORTED = {
    "id": "id", "schema": "$schema", "ref": "$ref", "additional_items": "additionalItems", "definitions": "definitions",
    "dependencies": "dependencies", "pattern_properties": "patternProperties",
}  # fmt: skip
# What a schema inside a junctor may not say, and what it must be instead.
_NOT_NESTED = {
    "type": ("type", "must be empty"),
    "additional_properties": ("additionalProperties", "must be undefined"),
    "default": ("default", "must be undefined"),
    "title": ("title", "must be empty"),
    "description": ("description", "must be empty"),
    "nullable": ("nullable", "must be false"),
    "external_docs": ("externalDocs", "must be undefined"),
    "x_preserve_unknown_fields": ("x-kubernetes-preserve-unknown-fields", "must be false"),
    "x_embedded_resource": ("x-kubernetes-embedded-resource", "must be false"),
    "x_int_or_string": ("x-kubernetes-int-or-string", "must be false"),
    "x_list_map_keys": ("x-kubernetes-list-map-keys", "must be empty"),
    "x_list_type": ("x-kubernetes-list-type", "must be undefined"),
    "x_map_type": ("x-kubernetes-map-type", "must be undefined"),
    "x_validations": ("x-kubernetes-validations", "must be empty"),
}
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_BREAK = re.compile(r"[\n\r]")


def check_schema(above: Place, field: str, schema: JSONSchemaProps) -> None:
    """The schema of a version, which is `field` of the place above."""
    found: list[Problem] = []
    at = Place(found, above, field)
    _check_fields(at, schema, "root")
    if schema.nullable:
        (at / "nullable").forbidden("nullable cannot be true at the root")
    if not found:  # a default can only be judged by a sound schema
        _check_defaults(at, schema, top=True)
    above.add(found)


def rules_in(schema: JSONSchemaProps) -> bool:
    """Whether some part of the schema has rules in CEL."""
    inner = [*schema.properties.values(), *schema.all_of, *schema.any_of, *schema.one_of]
    if schema.HasField("items"):
        inner.append(schema.items.schema)
    if schema.additional_properties.HasField("schema"):
        inner.append(schema.additional_properties.schema)
    return bool(schema.x_validations) or any(map(rules_in, inner))


def _check_fields(at: Place, schema: JSONSchemaProps, level: Level) -> None:
    """Everything about a schema that describes a field, and about those inside it."""
    _check_keywords(at, schema)
    _check_type(at, schema, level)
    _check_object(at, schema, level)
    _check_list(at, schema)
    _check_extensions(at, schema)
    _check_rules(at / "x-kubernetes-validations", schema)
    _check_junctors(at, schema, at, schema)
    for name, inner in sorted(schema.properties.items()):
        if level != "root" or name != "metadata":
            _check_fields((at / "properties")[name], inner, "field")
    if schema.additional_properties.HasField("schema"):
        _check_fields(at / "additionalProperties", schema.additional_properties.schema, "field")
    if schema.items.HasField("schema"):
        _check_fields(at / "items", schema.items.schema, "item")


def _check_keywords(at: Place, schema: JSONSchemaProps) -> None:
    """What no schema may say, wherever it stands."""
    set_fields = {field.name for field, _ in schema.ListFields()}
    for field, name in _UNSUPPORTED.items():
        if field in set_fields:
            (at / name).forbidden(f"{name} is not supported")
    if schema.unique_items:
        (at / "uniqueItems").forbidden("uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
    if schema.items.json_schemas:
        (at / "items").forbidden("items must be a schema object and not an array")
    if schema.pattern:
        try:
            patterns.matcher(schema.pattern)
        except ValueError as error:
            (at / "pattern").invalid(schema.pattern, f"must be a valid regular expression, but isn't: {error}")
    if schema.HasField("multiple_of") and schema.multiple_of <= 0:
        (at / "multipleOf").invalid(schema.multiple_of, "must be greater than 0")
    for place, one in (at / "enum").each(schema.enum):
        _json(place, one.raw)


def _check_type(at: Place, schema: JSONSchemaProps, level: Level) -> None:
    place, keeps = at / "type", schema.x_preserve_unknown_fields
    if schema.type == "null":
        place.forbidden("type cannot be set to null, use nullable as an alternative")
    elif level == "root" and schema.type not in ("", "object"):
        place.invalid(schema.type, "must be object at the root")
    elif schema.x_int_or_string and schema.type:
        place.invalid(schema.type, "must be empty if x-kubernetes-int-or-string is true")
    elif schema.type:
        place.one_of(schema.type, _TYPES)
    elif level == "root" or not (schema.x_int_or_string or keeps):
        place.required(f"must not be empty {_WHERE[level]}")


def _check_object(at: Place, schema: JSONSchemaProps, level: Level) -> None:
    others = at / "additionalProperties"
    if schema.HasField("additional_properties"):
        if level == "root":
            others.forbidden("must not be used at the root")
        if schema.properties and (
            not schema.additional_properties.allows or schema.additional_properties.HasField("schema")
        ):
            others.forbidden("additionalProperties and properties are mutual exclusive")
    if schema.x_embedded_resource:
        _check_embedded(at, schema)
    if level == "root" or schema.x_embedded_resource:
        for name, wanted in (("apiVersion", "string"), ("kind", "string"), ("metadata", "object")):
            if name in schema.properties and schema.properties[name].type != wanted:
                ((at / "properties")[name] / "type").invalid(schema.properties[name].type, f"must be {wanted}")
    if level == "root" and "metadata" in schema.properties:
        _check_metadata((at / "properties")["metadata"], schema.properties["metadata"])


def _check_embedded(at: Place, schema: JSONSchemaProps) -> None:
    if schema.type != "object":
        (at / "type").required("must be object if x-kubernetes-embedded-resource is true")
    if schema.HasField("additional_properties"):
        (at / "additionalProperties").forbidden("must not be used if x-kubernetes-embedded-resource is set")
    if not schema.x_preserve_unknown_fields and not schema.properties:
        (at / "properties").required(
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )


def _check_metadata(at: Place, schema: JSONSchemaProps) -> None:
    """Every object's metadata is known; a schema may only narrow its name."""
    rest = JSONSchemaProps()
    rest.CopyFrom(schema)
    for field in ("type", "description"):
        rest.ClearField(cast("Any", field))
    for name in ("name", "generateName"):
        if name in rest.properties:
            _check_fields((at / "properties")[name], rest.properties.pop(name), "field")
    if rest.ListFields():
        at.forbidden("must not specify anything other than name and generateName, but metadata is implicitly specified")


def _check_list(at: Place, schema: JSONSchemaProps) -> None:
    kind, keys = schema.x_list_type, list(schema.x_list_map_keys)
    if schema.type == "array" and not schema.HasField("items"):
        (at / "items").required("must be specified")
    if not schema.HasField("x_list_type"):
        if keys:
            (at / "x-kubernetes-list-type").required("must be map if x-kubernetes-list-map-keys is non-empty")
        return
    (at / "x-kubernetes-list-type").one_of(kind, ("atomic", "set", "map"))
    if schema.type != "array":
        (at / "type").needs(schema.type, lambda _: "must be array if x-kubernetes-list-type is specified",
                            "must be array if x-kubernetes-list-type is specified")  # fmt: skip
    if keys and kind != "map":
        (at / "x-kubernetes-list-type").invalid(kind, "must be map if x-kubernetes-list-map-keys is non-empty")
    items = schema.items.schema
    if kind in ("set", "map") and items.nullable:
        (at / "items" / "nullable").forbidden(f"cannot be nullable when x-kubernetes-list-type is {kind}")
    if kind == "set":
        _check_set_items(at / "items", items)
    elif kind == "map":
        _check_map_items(at, items, keys)


def _check_set_items(at: Place, items: JSONSchemaProps) -> None:
    """Items are told apart as a whole, so they are replaced as a whole."""
    why = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.type == "array" and items.x_list_type not in ("", "atomic"):
        (at / "x-kubernetes-list-type").invalid(items.x_list_type, why)
    if items.type == "object" and items.x_map_type != "atomic":
        (at / "x-kubernetes-map-type").invalid(items.x_map_type, why)


def _check_map_items(at: Place, items: JSONSchemaProps, keys: list[str]) -> None:
    place = at / "x-kubernetes-list-map-keys"
    if not keys:
        place.required("must not be empty if x-kubernetes-list-type is map")
    if items.type != "object":
        (at / "items" / "type").invalid(items.type, "must be object if parent array's x-kubernetes-list-type is map")
        return
    if len(set(keys)) != len(keys):
        place.invalid(keys, "must not contain duplicate entries")
    for key in keys:
        own = (at / "items" / "properties")[key]
        if key not in items.properties:
            place.invalid(keys, "entries must all be names of item properties")
            continue
        schema = items.properties[key]
        if schema.type in ("array", "object"):
            (own / "type").invalid(schema.type, "must be a scalar type if parent array's x-kubernetes-list-type is map")
        if key not in items.required and not schema.HasField("default"):
            (own / "default").required(
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
        if schema.nullable:
            (own / "nullable").forbidden("this property is in x-kubernetes-list-map-keys, so it cannot be nullable")


def _check_extensions(at: Place, schema: JSONSchemaProps) -> None:
    keeps = at / "x-kubernetes-preserve-unknown-fields"
    if schema.HasField("x_preserve_unknown_fields") and not schema.x_preserve_unknown_fields:
        keeps.invalid(value=False, detail="must be true or undefined")
    if schema.x_int_or_string and schema.x_preserve_unknown_fields:
        keeps.invalid(value=True, detail="must be false if x-kubernetes-int-or-string is true")
    if schema.x_int_or_string and schema.x_embedded_resource:
        place = at / "x-kubernetes-embedded-resource"
        place.invalid(value=True, detail="must be false if x-kubernetes-int-or-string is true")
    if schema.HasField("x_map_type"):
        (at / "x-kubernetes-map-type").one_of(schema.x_map_type, ("atomic", "granular"))
        if schema.type != "object":
            (at / "type").needs(schema.type, lambda _: "must be object if x-kubernetes-map-type is specified",
                                "must be object if x-kubernetes-map-type is specified")  # fmt: skip


def _check_rules(at: Place, schema: JSONSchemaProps) -> None:
    for place, rule in at.each(schema.x_validations):
        if not rule.rule.strip():
            (place / "rule").required("rule is not specified")
        if rule.message and not rule.message.strip():
            (place / "message").invalid(rule.message, "message must be non-empty if specified")
        if _BREAK.search(rule.message.strip()):
            (place / "message").invalid(rule.message, "message must not contain line breaks")
        if _BREAK.search(rule.rule.strip()) and not rule.message.strip():
            (place / "message").required("message must be specified if rule contains line breaks")
        if rule.HasField("reason"):
            (place / "reason").one_of(rule.reason, _REASONS)


def _check_junctors(at: Place, schema: JSONSchemaProps, outer: Place, around: JSONSchemaProps) -> None:
    """`around`, at `outer`, is the schema outside of all junctors that describes the same value."""
    for field, junctor in (("all_of", "allOf"), ("any_of", "anyOf"), ("one_of", "oneOf")):
        nested = list(getattr(schema, field))
        if around.x_int_or_string and junctor == "anyOf" and [message_to_dict(one) for one in nested] == _INT_OR_STRING:
            continue
        for place, one in (at / junctor).each(nested):
            _check_nested(place, one, outer, around)
    if schema.HasField("not_"):
        _check_nested(at / "not", schema.not_, outer, around)


_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def _check_nested(at: Place, schema: JSONSchemaProps, outer: Place, around: JSONSchemaProps) -> None:
    """A schema that may only narrow the value, and only in fields that `around` describes."""
    _check_keywords(at, schema)
    set_fields = {field.name for field, _ in schema.ListFields()}
    for field, (name, must) in _NOT_NESTED.items():
        if field in set_fields:
            (at / name).forbidden(f"{must} to be structural")
    _check_junctors(at, schema, outer, around)
    for name, inner in sorted(schema.properties.items()):
        place = (at / "properties")[name]
        if name == "metadata":
            place.forbidden("must not be specified in a nested context")
        elif name in around.properties:
            _check_nested(place, inner, (outer / "properties")[name], around.properties[name])
        elif not around.additional_properties.HasField("schema"):
            (outer / "properties")[name].required(f"because it is defined in {place.path}")
    if schema.items.HasField("schema"):
        if around.items.HasField("schema"):
            _check_nested(at / "items", schema.items.schema, outer / "items", around.items.schema)
        else:
            (outer / "items").required(f"because it is defined in {at.path}.items")


def _check_defaults(at: Place, schema: JSONSchemaProps, *, top: bool = False) -> None:
    """Defaults have no unknown fields and follow their own schema."""
    if schema.HasField("default"):
        if top:
            (at / "default").forbidden("must not be used at the root")
        else:
            _check_default(at / "default", schema)
    for name, inner in sorted(schema.properties.items()):
        place = (at / "properties")[name]
        if top and name in shaping.OBJECT_FIELDS:
            if inner.HasField("default"):
                (place / "default").forbidden(f"must not be set in top-level {name}")
            continue
        _check_defaults(place, inner)
    if schema.additional_properties.HasField("schema"):
        _check_defaults(at / "additionalProperties", schema.additional_properties.schema)
    if schema.items.HasField("schema"):
        _check_defaults(at / "items", schema.items.schema)


def _check_default(at: Place, schema: JSONSchemaProps) -> None:
    value = _json(at, schema.default.raw)
    if value is None:
        return
    shape = shaping.shape_of(schema)
    removed: list[str] = []
    if shape is not None:
        shape(value, "", removed)
    if removed:
        unknown = ", ".join(path.removeprefix(".") for path in removed)
        at.invalid(orjson.loads(schema.default.raw), f"must not have unknown fields: {unknown}")
    problems: list[Problem] = []
    checking.check_of(schema)(value, at.path, problems)
    at.add(problems)


def _json(at: Place, raw: bytes) -> object:
    try:
        return cast("object", orjson.loads(raw)) if raw else None
    except orjson.JSONDecodeError as error:
        at.invalid(raw.decode(errors="replace"), f"must be JSON: {error}")
        return None
