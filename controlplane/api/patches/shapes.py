"""The shape of documents: how the values under a field are merged, and who can own them.

Known from a protobuf message for the kinds of the table, from an OpenAPI schema for those that users define. What no schema
describes is deduced: objects merge field by field, lists are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from controlplane.api.encoding import is_inline, is_map, type_of
from controlplane.api.json_values import UNIONS, WRITERS
from controlplane.api.kind import Kind
from protos.v1 import meta_pb2 as meta
from protos.v1 import options_pb2 as options
from protos.v1.apiextensions_pb2 import CustomResourceDefinition, JSONSchemaProps

ListType = Literal["atomic", "set", "map"]

# Objects that Kubernetes always owns and replaces as a whole (+structType=atomic in its types).
_ATOMIC_TYPES = frozenset({
    "orlop.autoscaling.v1.CrossVersionObjectReference", "orlop.autoscaling.v2.CrossVersionObjectReference",
    "orlop.core.v1.ConfigMapKeySelector", "orlop.core.v1.EndpointAddress", "orlop.core.v1.EndpointPort",
    "orlop.core.v1.FileKeySelector", "orlop.core.v1.LocalObjectReference", "orlop.core.v1.NodeSelector",
    "orlop.core.v1.NodeSelectorTerm", "orlop.core.v1.ObjectFieldSelector", "orlop.core.v1.ObjectReference",
    "orlop.core.v1.ResourceFieldSelector", "orlop.core.v1.ScopeSelector", "orlop.core.v1.SecretKeySelector",
    "orlop.core.v1.SecretReference", "orlop.core.v1.TopologySelectorTerm", "orlop.core.v1.TypedLocalObjectReference",
    "orlop.discovery.v1.EndpointPort", "orlop.meta.v1.LabelSelector", "orlop.networking.v1.ServiceBackendPort",
    "orlop.rbac.v1.RoleRef", "orlop.rbac.v1.Subject",
})  # fmt: skip
# Maps likewise (+mapType=atomic).
_ATOMIC_MAPS = frozenset({
    "orlop.core.v1.PodSpec.node_selector", "orlop.core.v1.ReplicationControllerSpec.selector",
    "orlop.core.v1.ServiceSpec.selector",
})  # fmt: skip
# What an item that leaves out a field of its key stands for.
_KEY_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "orlop.core.v1.ContainerPort": {"protocol": "TCP"},
    "orlop.core.v1.ServicePort": {"protocol": "TCP"},
    "orlop.core.v1.LocalObjectReference": {"name": ""},
}


def _no_fields() -> Mapping[str, Shape]:
    return {}


@dataclass(frozen=True, slots=True)
class Shape:
    """How one value behaves, whether it turns out to be an object, a list or a scalar.

    `fields` are the named parts of an object; `values` is the shape of parts with free names, None where there are none.
    `item` is the shape of a list's items; `keys` maps the fields that tell the items of a list of type "map" apart to
    their defaults, None for those without. An `atomic` value is owned as a whole. `strategies` and `merge_key` are those of
    strategic merge patches.
    """

    load_fields: Callable[[], Mapping[str, Shape]] = _no_fields
    values: Shape | None = None
    item: Shape | None = None
    atomic: bool = False
    list_type: ListType = "atomic"
    keys: tuple[tuple[str, object], ...] = ()
    strategies: frozenset[str] = frozenset()
    merge_key: str = ""
    is_quantity: bool = False

    @property
    def fields(self) -> Mapping[str, Shape]:
        return self.load_fields()

    @property
    def is_closed(self) -> bool:
        """Whether an object may have no other parts than `fields`."""
        return self.values is None

    def of(self, name: str) -> Shape:
        """The shape of an object's part."""
        return self.fields.get(name) or self.values or ANY

    @property
    def of_items(self) -> Shape:
        return self.item or ANY


class _Any(Shape):
    """Its own parts are like itself, to any depth."""

    def of(self, name: str) -> Shape:
        return self

    @property
    def is_closed(self) -> bool:
        return False


ANY: Shape = _Any()
_SCALAR = Shape()
_custom: dict[str, tuple[CustomResourceDefinition, Shape]] = {}


def of_kind(kind: Kind[Any]) -> Shape:
    """The shape of the kind's documents, `apiVersion` and `kind` included."""
    if kind.definition is None:
        return _of_document(cast("Descriptor", kind.message.DESCRIPTOR))
    known = _custom.get(kind.resource)
    if known is None or known[0] is not kind.definition:
        known = _custom[kind.resource] = (kind.definition, _of_definition(kind.definition, kind.version))
    return known[1]


@lru_cache(maxsize=256)
def _of_document(descriptor: Descriptor) -> Shape:
    fields = {**_message_fields(descriptor), "apiVersion": _SCALAR, "kind": _SCALAR}
    return Shape(lambda: fields)


@lru_cache(maxsize=2048)
def of_message(descriptor: Descriptor) -> Shape:
    if descriptor.full_name in WRITERS:
        # Scalars to JSON, or JSON of any shape that has one owner.
        return Shape(atomic=True, is_quantity=descriptor.full_name == meta.Quantity.DESCRIPTOR.full_name)
    if descriptor.full_name in UNIONS:
        return ANY
    return Shape(lambda: _message_fields(descriptor), atomic=descriptor.full_name in _ATOMIC_TYPES)


@lru_cache(maxsize=2048)
def _message_fields(descriptor: Descriptor) -> Mapping[str, Shape]:
    fields: dict[str, Shape] = {}
    for field in descriptor.fields:
        if is_inline(field):
            fields |= _message_fields(type_of(field))
        else:
            fields[field.json_name] = _of_field(field)
    return fields


def _of_field(field: FieldDescriptor) -> Shape:
    chosen = field.GetOptions().Extensions
    strategies = frozenset(chosen[options.patch_strategy].split(",")) - {""}
    if is_map(field):
        value = type_of(field).fields_by_name["value"]
        inner = of_message(value.message_type) if value.message_type else _SCALAR
        return Shape(values=inner, atomic=field.full_name in _ATOMIC_MAPS, strategies=strategies)
    inner = of_message(field.message_type) if field.message_type else _SCALAR
    if not field.is_repeated and inner is ANY:
        return ANY
    if not field.is_repeated:
        return Shape(inner.load_fields, inner.values, atomic=inner.atomic, strategies=strategies,
                     is_quantity=inner.is_quantity)  # fmt: skip
    defaults = _KEY_DEFAULTS.get(field.message_type.full_name, {}) if field.message_type else {}
    return Shape(
        item=inner,
        list_type=cast("ListType", chosen[options.list_type] or "atomic"),
        keys=tuple((key, defaults.get(key)) for key in chosen[options.list_map_keys]),
        strategies=strategies,
        merge_key=chosen[options.patch_merge_key],
    )


def _of_definition(definition: CustomResourceDefinition, version: str) -> Shape:
    schema = next((known.schema for known in definition.spec.versions if known.name == version), None)
    known = schema is not None and schema.HasField("open_api_v3_schema")
    return _as_object(_of_schema(schema.open_api_v3_schema) if schema is not None and known else ANY)


def _as_object(shape: Shape) -> Shape:
    """An object of the API: whatever its schema says, it has `apiVersion`, `kind` and the usual metadata."""
    fields = {
        **shape.fields, "apiVersion": _SCALAR, "kind": _SCALAR, "metadata": of_message(meta.ObjectMeta.DESCRIPTOR)
    }  # fmt: skip
    return Shape(lambda: fields, ANY if not shape.is_closed else None)


def _of_schema(schema: JSONSchemaProps) -> Shape:
    if schema.type == "array":
        return _of_list(schema)
    fields = {name: _of_schema(inner) for name, inner in schema.properties.items()}
    shape = Shape(lambda: fields, _free_values(schema), atomic=schema.x_map_type == "atomic")
    return _as_object(shape) if schema.x_embedded_resource else shape


def _free_values(schema: JSONSchemaProps) -> Shape | None:
    if schema.HasField("additional_properties"):
        free = schema.additional_properties
        return _of_schema(free.schema) if free.HasField("schema") else ANY if free.allows else None
    # Without any type the value may be anything.
    return ANY if schema.x_preserve_unknown_fields or not schema.type else None


def _of_list(schema: JSONSchemaProps) -> Shape:
    items = schema.items.schema
    return Shape(
        item=_of_schema(items) if schema.items.HasField("schema") else ANY,
        list_type=cast("ListType", schema.x_list_type or "atomic"),
        keys=tuple((key, _default_of(items, key)) for key in schema.x_list_map_keys),
    )


def _default_of(schema: JSONSchemaProps, name: str) -> object:
    if name not in schema.properties or not schema.properties[name].default.raw:
        return None
    return orjson.loads(schema.properties[name].default.raw)
