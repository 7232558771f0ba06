"""Objects as rows: cleaned cells, a state, and what sorting and filtering need. This is where text enters the model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from console.printers import events
from console.printers.columns import Column
from console.printers.tables import cells_of, columns_of, status_of
from console.tui.model.sanitize import clean
from console.tui.model.states import State, state_of
from controlplane.api import registry
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind
from protos.v1 import core_pb2 as core

NAMESPACE = Column("NAMESPACE")
# Columns that change with the clock alone. They are sorted by a moment, and a change in them is no news.
CLOCKS = frozenset({"AGE", "LAST SEEN", "FIRST SEEN"})
# These are aligned as numbers; what kubectl adds in brackets, as in `7 (2m ago)`, the line below the list tells.
_NUMBERS = frozenset({"RESTARTS", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "DATA", "COUNT"})
_NOTHING = frozenset({"", "<none>", "<unset>", "<unknown>"})
# A bare dash stands for nothing: quieter than a word in every line.
_BLANK = "–"

SortValue = tuple[int, float, str]
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_FRACTION = re.compile(r"(\d+)/(\d+)$")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?)(m|[kKMGT]i?|%)?(?:\s.*)?$")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_UNITS = {"m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
          "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """`moment` is what the clock columns count from. `object` is shared with the cache it came from."""

    key: Key
    cells: tuple[str, ...]
    state: State = State.WELL
    moment: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    object: ApiObject | None = None


def columns_for(kind: Kind[Any], *, with_namespace: bool) -> tuple[Column, ...]:
    columns = tuple(replace(column, right=column.right or column.name in _NUMBERS) for column in columns_of(kind))
    return (NAMESPACE, *columns) if with_namespace and kind.namespaced else columns


def row_of(kind: Kind[Any], obj: ApiObject, now: float, *, with_namespace: bool) -> Row:
    told = cells_of(kind, obj, now)
    at = _shape(kind).state_at
    return Row(
        key=key_of(obj),
        cells=_cleaned(kind, obj, told, with_namespace=with_namespace),
        state=state_of(kind, obj, told[at] if at is not None else status_of(kind, obj)),
        moment=_moment(obj),
        labels=obj.metadata.labels,
        object=obj,
    )


def cells_for(kind: Kind[Any], obj: ApiObject, now: float, *, with_namespace: bool) -> tuple[str, ...]:
    return _cleaned(kind, obj, cells_of(kind, obj, now), with_namespace=with_namespace)


def _cleaned(kind: Kind[Any], obj: ApiObject, told: Sequence[str], *, with_namespace: bool) -> tuple[str, ...]:
    cells = tuple(
        _BLANK if text in _NOTHING else clean(text.partition(" (")[0] if is_number else text)
        for text, is_number in zip(told, _shape(kind).numbers, strict=True)
    )
    return (clean(obj.metadata.namespace), *cells) if with_namespace and kind.namespaced else cells


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is worth knowing of a kind's columns once for all its rows. `state_at` is where the word for the state stands."""

    numbers: tuple[bool, ...]
    state_at: int | None


_shapes: dict[Kind[Any], _Shape] = {}


def _shape(kind: Kind[Any]) -> _Shape:
    known = _shapes.get(kind)
    if known is None:
        names = [column.name for column in columns_of(kind)]
        word = "TYPE" if kind is registry.EVENTS else "STATUS"
        state_at = names.index(word) if word in names else None
        known = _shapes[kind] = _Shape(tuple(name in _NUMBERS for name in names), state_at)
    return known


def is_blank(cell: str) -> bool:
    return cell == _BLANK


def _moment(obj: ApiObject) -> float:
    if isinstance(obj, core.Event):
        return events.last_seen(obj)
    return float(obj.metadata.creation_timestamp.seconds)


def sort_value(row: Row, column: Column, index: int) -> SortValue:
    """Comparable within a column: numbers before text, nothing last. The clock columns show the youngest first."""
    if column.name in CLOCKS:
        return (0, -row.moment, "")
    text = row.cells[index]
    if column.name in ("NAME", "NAMESPACE"):
        return (1, 0.0, text)
    if text == _BLANK:
        return (2, 0.0, "")
    if found := _FRACTION.match(text):
        return (0, int(found[1]) / max(int(found[2]), 1), text)
    if _ADDRESS.match(text):
        return (1, 0.0, _NUMBER.sub(lambda part: part[0].zfill(5), text.replace(".", " ")))
    if found := _AMOUNT.match(text):
        return (0, float(found[1]) * _UNITS.get(found[2] or "", 1.0), text)
    return (1, 0.0, text.casefold())
