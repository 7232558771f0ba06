"""Protobuf messages to Kubernetes' JSON, one compiled function per message type.

protobuf's own mapping does not fit (it writes int64 as text, quantities as objects, drops zeros that clients expect) and
is slow. What is unset is left out; a message that is present but empty comes out as `{}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from controlplane.api import json_values
from protos.v1 import options_pb2 as options

Encoder = Callable[[Any], Any]

_encoders: dict[str, Encoder] = {}


def is_inline(field: FieldDescriptor) -> bool:
    """Whether JSON shows the message's fields among those of the message around it."""
    return bool(field.GetOptions().Extensions[options.inline])


def type_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that holds messages."""
    return cast("Descriptor", field.message_type)


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def message_to_dict(message: Message) -> Any:
    """The message as Kubernetes writes it in JSON: an object, but text for a time or a quantity."""
    return encoder_of(cast("Descriptor", message.DESCRIPTOR))(message)


def encoder_of(descriptor: Descriptor) -> Encoder:
    """The function that turns messages of this type into JSON values. Compiled at first use."""
    known = _encoders.get(descriptor.full_name) or json_values.WRITERS.get(descriptor.full_name)
    if known is None and (union := json_values.UNIONS.get(descriptor.full_name)):
        known = _encoders[descriptor.full_name] = _either(descriptor, *union)
    return known or _compile(descriptor)


def _either(descriptor: Descriptor, first: str, second: str) -> Encoder:
    """For a message that stands as one of its two fields."""
    fields = descriptor.fields_by_name

    def encode(message: Any) -> Any:
        if message.HasField(first):
            return encoder_of(type_of(fields[first]))(getattr(message, first))
        convert, value = _converter(fields[second]), getattr(message, second)
        return value if convert is None else convert(value)

    return encode


def _compile(descriptor: Descriptor) -> Encoder:
    # Looked up by the descriptor object itself, which is one per field as long as the table holds it.
    table: dict[FieldDescriptor, tuple[str, Encoder | None]] = {}
    zeros, empty_lists = _always(descriptor)

    def encode(message: Message) -> dict[str, Any]:
        out = zeros.copy()
        for field, value in message.ListFields():
            name, convert = table[field]
            if convert is None:
                out[name] = value
            elif name:
                shown = convert(value)
                if shown is not None:
                    out[name] = shown
            else:
                out.update(convert(value))
        for name in empty_lists:
            if name not in out:
                out[name] = []
        return out

    _encoders[descriptor.full_name] = encode  # before the fields: a type may contain itself
    table.update({field: ("" if is_inline(field) else field.json_name, _converter(field)) for field in descriptor.fields})
    return encode


def _always(descriptor: Descriptor) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What JSON shows even when unset: zero values by name, and the names of lists."""
    zeros: dict[str, Any] = {}
    lists: tuple[str, ...] = ()
    for field in descriptor.fields:
        if is_inline(field):
            inner_zeros, inner_lists = _always(type_of(field))
            zeros, lists = zeros | inner_zeros, lists + inner_lists
        elif field.GetOptions().Extensions[options.always]:
            if field.is_repeated:
                lists += (field.json_name,)
            else:
                zeros[field.json_name] = "" if field.type == FieldDescriptor.TYPE_BYTES else field.default_value
    return zeros, lists


def _converter(field: FieldDescriptor) -> Encoder | None:
    """What turns the field's value into JSON; None where it may stay as it is."""
    if is_map(field):
        return _map_converter(type_of(field).fields_by_name["value"])
    one = _one_converter(field)
    if not field.is_repeated:
        return one
    return list if one is None else _list_converter(one)


def _one_converter(field: FieldDescriptor) -> Encoder | None:
    if field.message_type is not None:
        return encoder_of(field.message_type)
    return json_values.write_bytes if field.type == FieldDescriptor.TYPE_BYTES else None


def _list_converter(one: Encoder) -> Encoder:
    def convert(values: Iterable[Any]) -> list[Any]:
        return [one(value) for value in values]

    return convert


def _map_converter(value_field: FieldDescriptor) -> Encoder:
    """Entries in the order of their keys, as Kubernetes shows them; a message keeps no order."""
    one = _one_converter(value_field)
    if one is None:
        return lambda values: dict(sorted(values.items()))

    def convert(values: Any) -> dict[str, Any]:
        return {key: one(values[key]) for key in sorted(values)}

    return convert
