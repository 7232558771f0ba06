"""The structs of structs.h as Python sees them. `check` compares names, sizes and offsets with what was compiled.

Addresses are text (`10.96.0.10`) and ports numbers on this side; on the wire's side both are big endian.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dataplane.bpf.bytecode import Description, MapDefinition

Kind: TypeAlias = Literal["address", "port", "u8", "u16", "u32", "u64", "pad1", "pad2", "pad3"]
Values: TypeAlias = tuple[Any, ...]

_CODES: dict[Kind, str] = {
    "address": "4s",
    "port": "2s",
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
    "pad1": "x",
    "pad2": "2x",
    "pad3": "3x",
}
_SIZES = {"int": 4, "unsigned int": 4, "unsigned char": 1, "char": 1, "unsigned short": 2, "unsigned long long": 8}


class LayoutError(RuntimeError):
    """C and Python disagree about a struct: the sources were changed on one side only."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind


class Layout:
    """A struct: its fields in order, and how to pack and unpack their values. Padding has no value."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields
        self._struct = struct.Struct("=" + "".join(_CODES[field.kind] for field in fields))
        valued = [field for field in fields if not field.kind.startswith("pad")]
        self._encoders = [_ENCODERS.get(field.kind) for field in valued]
        self._decoders = [_DECODERS.get(field.kind) for field in valued]
        self.size = self._struct.size

    def pack(self, *values: Any) -> bytes:
        encoded = (encode(value) if encode else value for encode, value in zip(self._encoders, values, strict=True))
        return self._struct.pack(*encoded)

    def pack_all(self, rows: Iterable[Values]) -> bytes:
        """Many at once, column by column: several times faster."""
        columns = zip(*rows, strict=True)
        encoded = (map(encode, each) if encode else each for encode, each in zip(self._encoders, columns, strict=False))
        return b"".join(map(self._struct.pack, *encoded))

    def unpack(self, data: bytes) -> Values:
        (values,) = self.unpack_all(data)
        return values

    def unpack_all(self, data: bytes) -> Iterator[Values]:
        columns = zip(*self._struct.iter_unpack(data), strict=True)
        decoded = (map(decode, each) if decode else each for decode, each in zip(self._decoders, columns, strict=False))
        return zip(*decoded, strict=True)

    def offsets(self) -> list[tuple[str, int, int]]:
        """(name, offset, size) of each field, paddings included."""
        found, at = [], 0
        for field in self.fields:
            size = struct.calcsize("=" + _CODES[field.kind])
            found.append((field.name, at, size))
            at += size
        return found


def _port_to_bytes(port: int) -> bytes:
    return port.to_bytes(2, "big")


def _port_from_bytes(data: bytes) -> int:
    return int.from_bytes(data, "big")


_ENCODERS: dict[str, Callable[[Any], Any]] = {"address": socket.inet_aton, "port": _port_to_bytes}
_DECODERS: dict[str, Callable[[Any], Any]] = {"address": socket.inet_ntoa, "port": _port_from_bytes}


def _layout(**fields: Kind) -> Layout:
    return Layout(*(Field(name, kind) for name, kind in fields.items()))


_INDEX = _layout(index="u32")
_TRAFFIC = _layout(connections="u64", packets="u64", bytes="u64", refused="u64")
VERDICTS = (
    *("xdp_not_ipv4", "xdp_truncated", "xdp_ip_options", "xdp_other_protocol", "xdp_other_address", "xdp_fragment"),
    *("xdp_no_service", "xdp_no_backend", "xdp_no_free_port", "xdp_hop_limit", "xdp_to_pod", "xdp_to_node", "xdp_reply"),
    *("xdp_by_stack", "tc_other", "tc_reply", "socket_other", "socket_translated", "socket_refused"),
)
_FLOW = _layout(
    source="address", destination="address", source_port="port", destination_port="port", protocol="u8", pad="pad3"
)
_TRANSLATION = _layout(
    source="address",
    destination="address",
    source_port="port",
    destination_port="port",
    service="u32",
    interface="u32",
    seen="u32",
    flags="u32",
)

# Map's name -> layouts of its key and its value.
LAYOUTS: Mapping[str, tuple[Layout, Layout]] = {
    "services": (
        _layout(address="address", port="port", protocol="u8", pad="pad1"),
        _layout(id="u32", count="u32", generation="u32"),
    ),
    "backends": (
        _layout(service="u32", buffer="u16", slot="u16"),
        _layout(address="address", port="port", local="u8", pad="pad1"),
    ),
    "members": (_layout(service="u32", address="address", port="port", pad="pad2"), _layout(number="u32")),
    "member_traffic": (_INDEX, _TRAFFIC),
    "service_traffic": (_INDEX, _TRAFFIC),
    "node_addresses": (_layout(address="address"), _INDEX),
    "flows": (_FLOW, _TRANSLATION),
    "sockets": (
        _layout(cookie="u64", address="address", port="port", pad="pad2"),
        _layout(address="address", port="port", pad="pad2"),
    ),
    "node_config": (_INDEX, _layout(address="address")),
    "verdicts": (_INDEX, Layout(*(Field(name, "u64") for name in VERDICTS))),
}


def check(maps: Mapping[str, MapDefinition]) -> None:
    """Raises LayoutError unless every compiled map is known here and laid out alike."""
    if maps.keys() != LAYOUTS.keys():
        raise LayoutError(f"maps.h and layout.py name different maps: {sorted(maps.keys() ^ LAYOUTS.keys())}")
    for name, definition in maps.items():
        key, value = LAYOUTS[name]
        _compare(f"{name} key", key, definition.key, size=definition.key_size)
        _compare(f"{name} value", value, definition.value, size=definition.value_size)


def _compare(what: str, layout: Layout, description: Description, *, size: int) -> None:
    if layout.size != size:
        raise LayoutError(f"{what}: {size} bytes in C, {layout.size} in Python")
    if isinstance(description, str):
        return
    compiled = list(_offsets(description))
    if compiled != layout.offsets():
        raise LayoutError(f"{what}: fields in C are {compiled}, in Python {layout.offsets()}")


def _offsets(description: Any) -> Iterator[tuple[str, int, int]]:
    _, fields, *_ = description
    at = 0
    for name, kind, *length in fields:
        size = _SIZES[kind] * (length[0][0] if length else 1)
        yield name, at, size
        at += size
