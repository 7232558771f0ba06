"""Kubernetes' JSON to protobuf messages, one compiled function per message type.

Every problem is collected, never only the first: unknown fields, each with the name that was probably meant, and values of
the wrong type. Paths are made while unwinding, so that a document without problems pays nothing for them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from controlplane.api import json_values
from controlplane.api.encoding import is_inline, is_map, type_of
from controlplane.api.errors import Problem

UNKNOWN = "FieldUnknown"

Problems = Sequence[Problem]
Decoder = Callable[[object, Any], Problems]
Put = Callable[[Any, Any], Problems]

_NONE: Problems = ()
# Kinds that stand inside others, where people and Kubernetes write their apiVersion and kind though they go without saying.
_SAY_THEIR_KIND = {"orlop.core.v1.PersistentVolumeClaim"}
_decoders: dict[str, Decoder] = {}
_SCALARS: dict[int, Callable[[object], Any]] = {
    FieldDescriptor.TYPE_STRING: json_values.read_text,
    FieldDescriptor.TYPE_BYTES: json_values.read_bytes,
    FieldDescriptor.TYPE_BOOL: json_values.read_truth,
    FieldDescriptor.TYPE_INT32: json_values.read_whole_number,
    FieldDescriptor.TYPE_INT64: json_values.read_whole_number,
    FieldDescriptor.TYPE_DOUBLE: json_values.read_number,
}


def fill(message: Message, doc: object, path: str = "") -> list[Problem]:
    """Puts the fields of `doc` into the message; null leaves a field as it is. The problems, by full path under `path`.

    Fields with problems are left out of the message; all others are in.
    """
    found = decoder_of(cast("Descriptor", message.DESCRIPTOR))(doc, message)
    return [replace(problem, path=(path + problem.path).removeprefix(".")) for problem in found]


def decoder_of(descriptor: Descriptor) -> Decoder:
    """The function that fills messages of this type. Compiled at first use."""
    known = _decoders.get(descriptor.full_name)
    if known is None and (reader := json_values.READERS.get(descriptor.full_name)):
        known = _decoders[descriptor.full_name] = _special(reader)
    if known is None and (union := json_values.UNIONS.get(descriptor.full_name)):
        known = _decoders[descriptor.full_name] = _either(descriptor, *union)
    return known or _compile(descriptor)


def _either(descriptor: Descriptor, first: str, second: str) -> Decoder:
    """For a message that stands as one of its two fields: objects go to the first, all else to the second."""
    fields = descriptor.fields_by_name

    def decode(value: object, message: Any) -> Problems:
        return _put(fields[first if type(value) is dict else second])(message, value)

    return decode


def _compile(descriptor: Descriptor) -> Decoder:
    table: dict[str, Put] = {}

    def decode(doc: object, message: Any) -> Problems:
        if type(doc) is not dict:
            return _wrong("an object", doc)
        problems = _NONE
        for name, value in doc.items():
            if value is None:
                continue
            put = table.get(name)
            found = put(message, value) if put else _unknown(name, table)
            if found:
                problems = [*problems, *_under(f".{name}", found)]
        return problems

    _decoders[descriptor.full_name] = decode  # before the fields: a type may contain itself
    table.update(_puts(descriptor))
    if descriptor.full_name in _SAY_THEIR_KIND:
        table.update(dict.fromkeys(("apiVersion", "kind"), _put_nothing))
    return decode


def _put_nothing(_message: Any, _value: object) -> Problems:
    return _NONE


def _puts(descriptor: Descriptor) -> dict[str, Put]:
    """By JSON name, what puts a value into the message."""
    puts: dict[str, Put] = {}
    for field in descriptor.fields:
        if is_inline(field):
            puts |= {name: _through(field.name, put) for name, put in _puts(type_of(field)).items()}
        else:
            puts[field.json_name] = _put(field)
    return puts


def _through(attribute: str, put: Put) -> Put:
    return lambda message, value: put(getattr(message, attribute), value)


def _put(field: FieldDescriptor) -> Put:
    if is_map(field):
        return _put_map(field.name, type_of(field).fields_by_name["value"])
    if field.is_repeated:
        return _put_messages(field.name, field.message_type) if field.message_type else _put_scalars(field)
    return _put_message(field.name, field.message_type) if field.message_type else _put_scalar(field)


def _put_scalar(field: FieldDescriptor) -> Put:
    name, read, bits = field.name, _SCALARS[field.type], _bits(field)

    def put(message: Any, value: object) -> Problems:
        try:
            converted = read(value)
        except ValueError as error:
            return _problem(f"must be {error}")
        try:
            setattr(message, name, converted)
        except ValueError:
            return _unfit(value, bits)
        return _NONE

    return put


def _put_message(name: str, descriptor: Descriptor) -> Put:
    decode = decoder_of(descriptor)

    def put(message: Any, value: object) -> Problems:
        inner = getattr(message, name)
        inner.SetInParent()
        return decode(value, inner)

    return put


def _put_messages(name: str, descriptor: Descriptor) -> Put:
    decode = decoder_of(descriptor)

    def put(message: Any, values: object) -> Problems:
        if type(values) is not list:
            return _wrong("a list", values)
        add = getattr(message, name).add
        problems = _NONE
        for index, value in enumerate(values):
            if found := decode(value, add()):
                problems = [*problems, *_under(f"[{index}]", found)]
        return problems

    return put


def _put_scalars(field: FieldDescriptor) -> Put:
    name, read, bits = field.name, _SCALARS[field.type], _bits(field)

    def put(message: Any, values: object) -> Problems:
        if type(values) is not list:
            return _wrong("a list", values)
        items, problems = getattr(message, name), list(_NONE)
        for index, value in enumerate(values):
            try:
                converted = read(value)
            except ValueError as error:
                problems += _under(f"[{index}]", _problem(f"must be {error}"))
                continue
            try:
                items.append(converted)
            except ValueError:
                problems += _under(f"[{index}]", _unfit(value, bits))
        return problems

    return put


def _put_map(name: str, value_field: FieldDescriptor) -> Put:
    put_entry = _entry_of_messages(value_field.message_type) if value_field.message_type else _entry_of_scalars(value_field)

    def put(message: Any, entries: object) -> Problems:
        if type(entries) is not dict:
            return _wrong("an object", entries)
        items, problems = getattr(message, name), list(_NONE)
        for key, value in entries.items():
            if value is not None and (found := put_entry(items, key, value)):
                problems += _under(f"[{key}]", found)
        return problems

    return put


def _entry_of_messages(descriptor: Descriptor) -> Callable[[Any, str, object], Problems]:
    decode = decoder_of(descriptor)
    return lambda items, key, value: decode(value, items[key])


def _entry_of_scalars(field: FieldDescriptor) -> Callable[[Any, str, object], Problems]:
    read, bits = _SCALARS[field.type], _bits(field)

    def put(items: Any, key: str, value: object) -> Problems:
        try:
            converted = read(value)
        except ValueError as error:
            return _problem(f"must be {error}")
        try:
            items[key] = converted
        except ValueError:
            return _unfit(value, bits)
        return _NONE

    return put


def _special(read: Callable[[Any, Any], None]) -> Decoder:
    def decode(value: object, message: Any) -> Problems:
        try:
            read(value, message)
        except ValueError as error:
            return _problem(f"must be {error}")
        return _NONE

    return decode


def _bits(field: FieldDescriptor) -> int:
    return {FieldDescriptor.TYPE_INT32: 32, FieldDescriptor.TYPE_INT64: 64}.get(field.type, 0)


def _under(step: str, problems: Iterable[Problem]) -> list[Problem]:
    return [replace(problem, path=step + problem.path) for problem in problems]


def _problem(message: str, reason: str = "FieldValueTypeInvalid") -> Problems:
    return (Problem("", message, reason),)


def _wrong(wanted: str, value: object) -> Problems:
    return _problem(f"must be {wanted}, not {json_values.shown(value)}")


def _unfit(value: object, bits: int) -> Problems:
    if bits:
        return _problem(f"must fit into {bits} bits, not {json_values.shown(value)}")
    return _problem("must be valid Unicode text")


def _unknown(name: str, table: dict[str, Put]) -> Problems:
    folded = {known.lower(): known for known in table}
    close = difflib.get_close_matches(name.lower(), folded, n=1)
    return _problem(f'unknown field; did you mean "{folded[close[0]]}"?' if close else "unknown field", UNKNOWN)
