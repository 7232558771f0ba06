"""Compiled programs as values: bytecode with map references by name, and each map's definition.

Kept as JSON, so that loading needs neither BCC nor headers.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias

# What BCC says of a C type: its name, or [struct's name, [[field, type], [field, type, [length]], ...], kind].
Description: TypeAlias = "str | list[Description] | int"


@dataclass(frozen=True, slots=True)
class MapDefinition:
    """What the kernel must know to make the map, and what its keys and values look like in C."""

    kind: int
    key_size: int
    value_size: int
    entries: int
    flags: int
    key: Description
    value: Description


@dataclass(frozen=True, slots=True)
class Bytecode:
    """`references` are the instructions, by index, that load a map's address, each with the map's name."""

    code: bytes
    references: tuple[tuple[int, str], ...]

    def linked(self, descriptors: Mapping[str, int]) -> bytes:
        """The code with each map's file descriptor filled in."""
        code = bytearray(self.code)
        for index, name in self.references:
            struct.pack_into("=i", code, index * 8 + 4, descriptors[name])
        return bytes(code)


@dataclass(frozen=True, slots=True)
class Compiled:
    """All maps and programs of a node, by name."""

    maps: dict[str, MapDefinition]
    programs: dict[str, Bytecode]

    def schema(self, names: Iterable[str]) -> str:
        """Changes when the definition of any of these maps does: maps of another schema cannot be taken over."""
        text = json.dumps({name: asdict(self.maps[name]) for name in names}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_json(made: Compiled) -> str:
    programs = {name: {"code": each.code.hex(), "references": each.references} for name, each in made.programs.items()}
    return json.dumps({"maps": {name: asdict(each) for name, each in made.maps.items()}, "programs": programs})


def from_json(text: str) -> Compiled:
    """Raises ValueError, KeyError or TypeError for anything that `to_json` did not write."""
    document = json.loads(text)
    maps = {name: MapDefinition(**each) for name, each in document["maps"].items()}
    programs = {
        name: Bytecode(bytes.fromhex(each["code"]), tuple((index, of) for index, of in each["references"]))
        for name, each in document["programs"].items()
    }
    return Compiled(maps, programs)
