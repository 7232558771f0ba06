"""Objects of the kinds that users define, in the columns that their definitions name; else by name and age."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from console.printers.ages import since
from console.printers.columns import Column, Table
from controlplane.api import codec, times
from controlplane.api.custom import paths
from controlplane.api.kind import Kind
from controlplane.api.objects import is_terminating
from protos.v1.apiextensions_pb2 import CustomResourceColumnDefinition as Definition
from protos.v1.resources_pb2 import CustomObject

_AGE = Definition(name="Age", type="date", json_path=".metadata.creationTimestamp")
_NUMBERS = ("integer", "number")


@lru_cache(maxsize=256)
def table_of(kind: Kind[CustomObject]) -> Table[CustomObject]:
    defined = columns_of(kind)
    columns = tuple(Column(one.name.upper(), wide=one.priority > 0, right=one.type in _NUMBERS) for one in defined)

    def cells(obj: CustomObject, now: float) -> tuple[str, ...]:
        document = codec.to_dict(kind, obj)
        return (obj.metadata.name, *(_cell(one, document, now) for one in defined))

    return Table((Column("NAME"), *columns), cells, lambda obj: "Terminating" if is_terminating(obj) else "Active")


def columns_of(kind: Kind[Any]) -> list[Definition]:
    """Those of the version that is shown."""
    versions = kind.definition.spec.versions if kind.definition is not None else ()
    found = [column for one in versions if one.name == kind.version for column in one.additional_printer_columns]
    return found or [_AGE]


def _cell(column: Definition, document: dict[str, Any], now: float) -> str:
    """Empty where there is no value, or one of another type."""
    value = paths.read(document, column.json_path)
    match column.type:
        case "date" if isinstance(value, str):
            return _age(value, now)
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            return str(int(value))
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:g}"
        case "boolean" if isinstance(value, bool):
            return paths.text(value)
        case "string" if value is not None:
            return value if isinstance(value, str) else paths.text(value)
        case _:
            return ""


def _age(text: str, now: float) -> str:
    try:
        return since(times.to_time(times.parse_time(text)), now)
    except ValueError:
        return "<invalid>"
