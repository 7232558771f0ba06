"""Objects on standard output, in the form asked for: tables, YAML, JSON or names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.printers import columns as words
from console.printers.layout import Grid, cell
from console.printers.tables import cells_of, columns_of
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind

Item = tuple[Kind[Any], ApiObject]


@dataclass(slots=True)
class TableStyle:
    """What a table shows beside the kind's own columns."""

    wide: bool = False
    headers: bool = True
    namespaces: bool = False
    kinds: bool = False
    labels: bool = False
    label_columns: Sequence[str] = ()
    events: bool = False


@dataclass(slots=True)
class TableWriter:
    """One kind's table. Rows that come later stand under the earlier ones, without another heading."""

    kind: Kind[Any]
    style: TableStyle
    _grid: Grid = field(default_factory=Grid)
    _begun: bool = False

    def lines(self, objects: Iterable[ApiObject], now: float, event: str = "") -> list[str]:
        rows = [self._row(obj, now, event) for obj in objects]
        if self.style.headers and not self._begun:
            rows.insert(0, self._heading())
        self._begun = True
        return self._grid.lines(rows)

    def _shown(self) -> list[int]:
        return [i for i, column in enumerate(columns_of(self.kind)) if self.style.wide or not column.wide]

    def _heading(self) -> list[str]:
        style, columns = self.style, columns_of(self.kind)
        before = ["EVENT"] * style.events + ["NAMESPACE"] * (style.namespaces and self.kind.namespaced)
        after = [label.rpartition("/")[2].upper() for label in style.label_columns] + ["LABELS"] * style.labels
        return [*before, *(columns[index].name for index in self._shown()), *after]

    def _row(self, obj: ApiObject, now: float, event: str) -> list[str]:
        style, labels = self.style, obj.metadata.labels
        cells = list(cells_of(self.kind, obj, now))
        if style.kinds:
            from console.printers.structured import to_name

            named = [i for i, column in enumerate(columns_of(self.kind)) if column.name == "NAME"]
            cells = [to_name(self.kind, text) if i in named else text for i, text in enumerate(cells)]
        before = [event] * style.events + [obj.metadata.namespace] * (style.namespaces and self.kind.namespaced)
        after = [labels.get(label, words.NONE) for label in style.label_columns]
        shown = [*before, *(cells[i] for i in self._shown()), *after, *[words.labels(labels)] * style.labels]
        return [cell(text) for text in shown]


def tables(items: Sequence[Item], style: TableStyle, now: float) -> str:
    """One table per kind, with an empty line between."""
    by_kind: dict[Kind[Any], list[ApiObject]] = {}
    for kind, obj in items:
        by_kind.setdefault(kind, []).append(obj)
    parts = ["\n".join(TableWriter(kind, style).lines(objects, now)) for kind, objects in by_kind.items()]
    return "\n\n".join(parts)


def document(output: str, items: Sequence[Item], *, single: bool) -> str:
    """The objects as `yaml`, `json` or `name`; `single` leaves out the List around one."""
    from console.printers import structured

    if output == "name":
        return "".join(structured.to_name(kind, obj.metadata.name) + "\n" for kind, obj in items)
    content = structured.document_of(*items[0]) if single and len(items) == 1 else structured.list_of(items)
    return structured.to_json(content) if output == "json" else structured.to_yaml(content)


def emit(text: str) -> None:
    print(text, end="" if text.endswith("\n") or not text else "\n", flush=True)


def report(kind: Kind[Any], obj: ApiObject, done: str, *, output: str = "", dry_run: str = "none") -> None:
    """`deployment.apps/web created`, or the object itself when a form was asked for."""
    from console.printers.structured import to_name

    if output:
        emit(document(output, [(kind, obj)], single=True))
        return
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    emit(f"{to_name(kind, obj.metadata.name)} {done}{suffix}")
