"""A list of any kind: live, sorted, filtered. What is done to its rows is in `rowkeys`."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from console.tui import keys
from console.tui.model import drill, query
from console.tui.model.desk import Desk
from console.tui.model.listtitle import empty_text, title_line
from console.tui.model.rows import CLOCKS, Row, cells_for, columns_for, row_of
from console.tui.model.spans import Line
from console.tui.model.states import State
from console.tui.model.store import Store
from console.tui.model.views import ListPlace, Source
from console.tui.screens.page import Delivered
from console.tui.screens.rowkeys import RowKeys
from console.tui.widgets.grid import Grid
from controlplane.api.objects import ApiObject, key_of

# Rows made before other things get their turn.
_SLICE = 500


class ListScreen(RowKeys):
    BINDINGS: ClassVar[list[BindingType]] = [keys.CHOOSE, *keys.LIST]

    def __init__(self, place: ListPlace, source: Source, desk: Desk) -> None:
        super().__init__(source, desk)
        self.kind, self.scope = place.kind, place.scope
        self.namespace = ""
        if self.scope is not None:
            self.namespace = self.scope.namespace
        elif self.kind.namespaced:
            self.namespace = desk.namespace if place.namespace is None else place.namespace
        self.query_text = place.query
        self.store = self._fresh_store()
        self.only_faults = False
        self.is_synced = False
        self._all_columns = False
        self.hint_words = {"grid.choose": drill.opens(self.kind)}

    @property
    def _shows_namespace(self) -> bool:
        return self.kind.namespaced and not self.namespace

    def _fresh_store(self) -> Store:
        store = Store(columns_for(self.kind, with_namespace=self._shows_namespace))
        newest = _column(store, "LAST SEEN")
        store.sort(newest if newest is not None else 0, descending=False)
        return store

    def content(self) -> ComposeResult:
        yield Grid(self.store, empty="loading …")

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def on_mount(self) -> None:
        self._apply_query()
        self._subscribe()
        self.set_interval(1.0, self._tick)

    def title_line(self, width: int) -> Line:
        return title_line(self, self.desk.favourites, width)

    def use_namespace(self, name: str) -> None:
        """The same list of another namespace; filter and order stay."""
        self.release()
        self.namespace, self.scope, self.is_synced = name, None, False
        old, self.store = self.store, self._fresh_store()
        sorted_by = _column(self.store, old.columns[old.sort_column].name)
        if sorted_by is not None:
            self.store.sort(sorted_by, descending=old.descending)
        self.grid.use(self.store)
        self._apply_query()
        self._subscribe()

    # Data.

    def _subscribe(self) -> None:
        namespace, scope = self.namespace, self.scope

        def keeps(obj: ApiObject) -> bool:
            return (not namespace or obj.metadata.namespace == namespace) and (scope is None or scope.keeps(obj))

        self.subscribe(self.kind, keeps if namespace or scope else None)

    async def on_delivered(self, event: Delivered) -> None:
        batch, first = event.batch, not self.is_synced
        for start in range(0, len(batch.changed), _SLICE):
            self._put(batch.changed[start : start + _SLICE], marked=not first)
            if len(batch.changed) > _SLICE:
                await asyncio.sleep(0)
        self.store.remove(batch.gone)
        self.is_synced = self.is_synced or batch.is_synced
        self.grid.show_empty(empty_text(self))
        if first:
            self.grid.reset()
        else:
            self.grid.update_rows([key_of(obj) for obj in batch.changed])
        self.retitle()

    def _put(self, objects: Sequence[ApiObject], *, marked: bool) -> None:
        now = self.source.now()
        rows = [row_of(self.kind, obj, now, with_namespace=self._shows_namespace) for obj in objects]
        self.store.put(rows, now, marked=marked)

    def _tick(self) -> None:
        """A second has passed: ages grow, marks fade, and the answer to "why" may be another."""
        if not self.is_in_view:
            return
        now = self.source.now()
        changed = self.store.fade(now)
        for key in self.grid.visible_keys():
            row = self.store.get(key)
            older = self._aged(row, now) if row is not None else None
            if older is not None:
                self.store.refresh(older)
                changed.append(key)
        if changed:
            self.grid.redraw_rows(changed)
        self.tell_why()

    def _aged(self, row: Row, now: float) -> Row | None:
        if row.object is None:
            return None
        cells = cells_for(self.kind, row.object, now, with_namespace=self._shows_namespace)
        return None if cells == row.cells else dataclasses.replace(row, cells=cells)

    # Sorting.

    def action_sort_by(self, name: str) -> None:
        index = _column(self.store, name)
        if index is None and name == "AGE":
            index = next((i for i, column in enumerate(self.store.columns) if column.name in CLOCKS), None)
        if index is not None:
            self._sort(index)

    @on(Grid.HeadClicked)
    def _head_clicked(self, event: Grid.HeadClicked) -> None:
        self._sort(event.index)

    def action_sort_turn(self) -> None:
        self._sort(self.store.sort_column)

    def action_sort_step(self, step: int) -> None:
        self._sort((self.store.sort_column + step) % len(self.store.columns))

    def _sort(self, index: int) -> None:
        """By that column; again by the same one turns the order round."""
        again = index == self.store.sort_column
        self.store.sort(index, descending=again and not self.store.descending)
        self.grid.reset()

    # Filtering.

    def filter_text(self) -> str:
        return self.query_text

    def check_filter(self, text: str) -> str:
        try:
            query.parse(text, self.store.columns)
        except query.QueryError as error:
            return str(error)
        return ""

    def set_filter(self, text: str, *, done: bool) -> None:
        self.query_text = text.strip()
        self._apply_query()

    def action_faults(self) -> None:
        self.only_faults = not self.only_faults
        self._apply_query()

    def _apply_query(self) -> None:
        try:
            wanted = query.parse(self.query_text, self.store.columns)
        except query.QueryError as error:
            self.query_text, wanted = "", query.EVERYTHING
            self.say(str(error), failed=True)
        if self.only_faults:
            wanted = dataclasses.replace(wanted, tests=(*wanted.tests, _is_fault))
        self.store.filter(wanted)
        self.grid.show_empty(empty_text(self))
        self.grid.reset()
        self.retitle()
        self.refresh_bindings()

    def action_wide(self) -> None:
        self._all_columns = not self._all_columns
        self.grid.show_wide(self._all_columns)

    def action_namespace(self, number: int) -> None:
        name = self.desk.favourite(number)
        if name is not None:
            self.console.use_namespace(name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "namespace":
            return self.kind.namespaced and self.scope is None
        return super().check_action(action, parameters)

    @property
    def has_more_to_close(self) -> bool:
        return bool(self.store.picked or self.query_text or self.only_faults)

    def action_back(self) -> None:
        """One thing after the other: marks, filter, faults, and then the page."""
        if self.store.picked:
            self.action_pick_none()
        elif self.query_text:
            self.set_filter("", done=True)
        elif self.only_faults:
            self.action_faults()
        else:
            super().action_back()


def _column(store: Store, name: str) -> int | None:
    return next((index for index, column in enumerate(store.columns) if column.name == name), None)


def _is_fault(row: Row) -> bool:
    return row.state in (State.FAILING, State.WAITING)
