"""Hypothesis strategies for messages of any type, made from their descriptors.

They hold what JSON can tell apart: canonical quantities, times in whole seconds (or microseconds), no embedded message that
is inline and empty.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from controlplane.api import json_values, quantity
from controlplane.api.encoding import is_inline, is_map
from protos.v1 import apiextensions_pb2 as apiextensions
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics

M = TypeVar("M", bound=Message)

_TEXT = st.text(max_size=6)
_SECONDS = st.integers(1, 4_000_000_000)
_JSON = st.booleans() | st.integers(-(2**53), 2**53) | _TEXT | st.lists(st.none() | _TEXT, max_size=2)
_SPECIAL: dict[str, st.SearchStrategy[Message]] = {
    "orlop.meta.v1.Time": st.builds(meta.Time, seconds=_SECONDS),
    "orlop.meta.v1.MicroTime": st.builds(
        meta.MicroTime, seconds=_SECONDS, nanos=st.integers(0, 999_999).map(lambda n: n * 1000)
    ),
    "orlop.meta.v1.Quantity": st.builds(
        lambda number, suffix: meta.Quantity(string=quantity.canonical(f"{number}{suffix}")),
        st.integers(0, 5000),
        st.sampled_from(["", "m", "k", "Mi", "Gi"]),
    ),
    "orlop.meta.v1.IntOrString": st.one_of(
        st.builds(meta.IntOrString, int_val=st.integers(-(2**31), 2**31 - 1)),
        st.builds(lambda text: meta.IntOrString(type=1, str_val=text), _TEXT),
    ),
    "orlop.meta.v1.RawExtension": st.dictionaries(_TEXT, _TEXT).map(lambda doc: meta.RawExtension(raw=orjson.dumps(doc))),
    "orlop.apiextensions.v1.JSON": _JSON.map(lambda value: apiextensions.JSON(raw=orjson.dumps(value))),
    "orlop.metrics.v1beta1.Duration": st.builds(metrics.Duration, duration=st.integers(-(2**63), 2**63 - 1)),
    "orlop.meta.v1.FieldsV1": st.dictionaries(_TEXT, st.just({})).map(lambda tree: meta.FieldsV1(raw=orjson.dumps(tree))),
}
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: _TEXT,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=6),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
}


@cache
def messages(cls: type[M], depth: int = 7) -> st.SearchStrategy[M]:
    """Messages of the class with a few fields set, down to `depth` messages inside each other."""
    special = _SPECIAL.get(str(cls.DESCRIPTOR.full_name))
    if special is not None:
        return cast("st.SearchStrategy[M]", special)
    fields = list(cls.DESCRIPTOR.fields)
    if not fields or depth == 0:
        return st.builds(cls)

    union = json_values.UNIONS.get(str(cls.DESCRIPTOR.full_name))
    if union is not None:
        return _either(cls, union, depth)

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> M:
        message = cls()
        for field in draw(st.lists(st.sampled_from(fields), max_size=4, unique_by=lambda field: field.number)):
            _set(message, field, draw(_value(field, depth)))
        if isinstance(message, core.EphemeralContainer):
            message.ephemeral_container_common.SetInParent()  # JSON always shows its name, and so says that it is there
        return message

    return build()


def _either(cls: type[M], union: tuple[str, str], depth: int) -> st.SearchStrategy[M]:
    """One of the two fields: an empty message reads back as the second one, empty."""

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> M:
        message = cls()
        field = cls.DESCRIPTOR.fields_by_name[draw(st.sampled_from(union))]
        _set(message, field, draw(_value(field, depth)))
        return message

    return build()


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    target = getattr(message, field.name)
    if is_map(field):
        for key, item in value.items():
            if isinstance(item, Message):
                target[key].CopyFrom(item)
            else:
                target[key] = item
    elif field.is_repeated:
        target.extend(value)
    elif not isinstance(value, Message):
        setattr(message, field.name, value)
    elif not is_inline(field) or value.ListFields():
        target.CopyFrom(value)


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if is_map(field):
        return st.dictionaries(_TEXT, _one(cast("Any", field.message_type).fields_by_name["value"], depth), max_size=2)
    one = _one(field, depth)
    return st.lists(one, max_size=2) if field.is_repeated else one


def _one(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.message_type is None:
        return _SCALARS[field.type]
    return st.deferred(lambda: messages(cast("Any", field.message_type)._concrete_class, depth - 1))
