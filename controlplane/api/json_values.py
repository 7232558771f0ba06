"""Messages and scalars whose JSON is not an object of their fields: times, quantities, int-or-strings, bytes, field sets.

A reader takes a JSON value and fills the message (or returns the scalar); what it cannot take it refuses with ValueError,
whose text completes "must be ...". A writer returns the JSON value, or None for a message that JSON leaves out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from controlplane.api import durations, quantity, times
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics

_UNPRINTABLE = (ValueError, OverflowError, OSError)


def shown(value: object) -> str:
    """A JSON value inside an error message, cut where it gets long."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    except TypeError:  # a number that does not fit into 64 bits
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@lru_cache(maxsize=4096)
def _time_text(seconds: int) -> str | None:
    try:
        return times.format_time(meta.Time(seconds=seconds))
    except _UNPRINTABLE:
        return None


def write_time(time: meta.Time) -> str | None:
    """A time without content stands for no time, as in Kubernetes' own bytes. So does one past the year 9999."""
    return _time_text(time.seconds) if time.seconds else None


def read_time(value: object, time: meta.Time) -> None:
    time.seconds = int(_moment(value))


def write_micro_time(time: meta.MicroTime) -> str | None:
    try:
        return times.format_micro_time(time) if time.seconds or time.nanos else None
    except _UNPRINTABLE:
        return None


def read_micro_time(value: object, time: meta.MicroTime) -> None:
    moment = _moment(value)
    time.seconds = int(moment // 1)
    time.nanos = round(moment % 1 * 1_000_000) * 1000


def _moment(value: object) -> float:
    try:
        return times.parse_time(value) if isinstance(value, str) else _refuse()
    except _UNPRINTABLE:
        raise ValueError(f"a time such as 2006-01-02T15:04:05Z, not {shown(value)}") from None


def _refuse() -> float:
    raise ValueError


def write_quantity(amount: meta.Quantity) -> str:
    return amount.string or "0"


def read_quantity(value: object, amount: meta.Quantity) -> None:
    """Text or a number; kept in canonical form."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a quantity such as 500m or 1.5Gi, not {shown(value)}")
    try:
        amount.string = quantity.canonical(str(value).strip())
    except ValueError:
        raise ValueError(f"a quantity such as 500m or 1.5Gi, not {shown(value)}") from None


def write_int_or_string(value: meta.IntOrString) -> int | str:
    return value.str_val if value.type else value.int_val


def read_int_or_string(value: object, message: meta.IntOrString) -> None:
    if isinstance(value, str):
        message.type, message.str_val = 1, value
    elif isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        message.int_val = value
    else:
        raise ValueError(f"a whole number or text, not {shown(value)}")


def write_fields(fields: meta.FieldsV1) -> Any:
    return orjson.loads(fields.raw) if fields.raw else {}


def read_fields(value: object, fields: meta.FieldsV1) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"an object, not {shown(value)}")
    fields.raw = _raw(value)


def write_raw(value: Any) -> Any:
    """JSON of any shape, kept as its text."""
    return orjson.loads(value.raw) if value.raw else None


def read_raw(value: object, message: Any) -> None:
    message.raw = _raw(value)


def _raw(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        raise ValueError(f"JSON whose whole numbers fit into 64 bits, not {shown(value)}") from None


def write_items(value: Any) -> list[str]:
    """A list that is a message of its own in protobuf, as values of a map must be."""
    return list(value.items)


def read_items(value: object, message: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"a list of text, not {shown(value)}")
    message.items.extend(value)


def write_duration(value: metrics.Duration) -> str:
    return durations.format_duration(value.duration)


def read_duration(value: object, message: metrics.Duration) -> None:
    try:
        message.duration = durations.parse_duration(value) if isinstance(value, str) else int(_refuse())
    except _UNPRINTABLE:
        raise ValueError(f"a duration such as 1m30s, not {shown(value)}") from None


def write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def read_bytes(value: object) -> bytes:
    """Base64, which may be broken into lines."""
    try:
        if isinstance(value, str):
            return base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        pass
    raise ValueError(f"base64 text, not {shown(value)}")


def read_text(value: object) -> str:
    if type(value) is str:
        return value
    hint = "; put it in quotes" if isinstance(value, int | float) else ""
    raise ValueError(f"text, not {shown(value)}{hint}")


def read_whole_number(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(f"a whole number, not {shown(value)}")


def read_number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"a number, not {shown(value)}")


def read_truth(value: object) -> bool:
    if type(value) is bool:
        return value
    raise ValueError(f"true or false, not {shown(value)}")


_LISTS = (
    "orlop.authentication.v1.ExtraValue",
    "orlop.authentication.v1.AttestationValue",
    "orlop.authorization.v1.ExtraValue",
    "orlop.certificates.v1.ExtraValue",
)
# Messages that stand in JSON as one of two things: by name, the field for an object, and the field for anything else.
UNIONS = {
    "orlop.apiextensions.v1.JSONSchemaPropsOrArray": ("schema", "json_schemas"),
    "orlop.apiextensions.v1.JSONSchemaPropsOrBool": ("schema", "allows"),
    "orlop.apiextensions.v1.JSONSchemaPropsOrStringArray": ("schema", "property"),
}
WRITERS: dict[str, Callable[[Any], Any]] = {
    "orlop.meta.v1.Time": write_time,
    "orlop.meta.v1.MicroTime": write_micro_time,
    "orlop.meta.v1.Quantity": write_quantity,
    "orlop.meta.v1.IntOrString": write_int_or_string,
    "orlop.meta.v1.FieldsV1": write_fields,
    "orlop.meta.v1.RawExtension": write_raw,
    "orlop.apiextensions.v1.JSON": write_raw,
    "orlop.metrics.v1beta1.Duration": write_duration,
    **dict.fromkeys(_LISTS, write_items),
}
READERS: dict[str, Callable[[Any, Any], None]] = {
    "orlop.meta.v1.Time": read_time,
    "orlop.meta.v1.MicroTime": read_micro_time,
    "orlop.meta.v1.Quantity": read_quantity,
    "orlop.meta.v1.IntOrString": read_int_or_string,
    "orlop.meta.v1.FieldsV1": read_fields,
    "orlop.meta.v1.RawExtension": read_raw,
    "orlop.apiextensions.v1.JSON": read_raw,
    "orlop.metrics.v1beta1.Duration": read_duration,
    **dict.fromkeys(_LISTS, read_items),
}
