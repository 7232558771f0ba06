"""The store against the plain way of doing the same: sort all, filter all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from console.printers.columns import Column
from console.tui.model import query
from console.tui.model.rows import Row, sort_value
from console.tui.model.store import MARK_SECONDS, Store
from controlplane.api.objects import Key

COLUMNS = (Column("NAME"), Column("STATUS"), Column("RESTARTS"), Column("AGE"))
keys = st.builds(Key, st.sampled_from(["a", "b"]), st.sampled_from([f"web-{number}" for number in range(12)]))
rows = st.builds(
    lambda key, status, restarts, moment: Row(key, (key.name, status, restarts, "1s"), moment=float(moment)),
    keys, st.sampled_from(["Running", "Pending", "–"]), st.sampled_from(["0", "3", "12"]), st.integers(0, 5),
)  # fmt: skip


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = Store(COLUMNS)
        self.plain: dict[Key, Row] = {}
        self.column, self.descending, self.query = 0, False, query.EVERYTHING

    @rule(given_rows=st.lists(rows, max_size=90))
    def put(self, given_rows: list[Row]) -> None:
        self.store.put(given_rows, 0.0)
        self.plain.update({row.key: row for row in given_rows})

    @rule(gone=st.lists(keys, max_size=5))
    def remove(self, gone: list[Key]) -> None:
        self.store.remove(gone)
        for key in gone:
            self.plain.pop(key, None)

    @rule(row=rows)
    def refresh(self, row: Row) -> None:
        self.store.refresh(row)
        if row.key in self.plain:
            self.plain[row.key] = row

    @rule(column=st.integers(0, 3), descending=st.booleans())
    def sort(self, column: int, descending: bool) -> None:
        self.column, self.descending = column, descending
        self.store.sort(column, descending=descending)

    @rule(text=st.sampled_from(["", "running", "!running", "restarts>2", "web-1"]))
    def filter(self, text: str) -> None:
        self.query = query.parse(text, COLUMNS)
        self.store.filter(self.query)

    @invariant()
    def shows_what_sorting_everything_shows(self) -> None:
        kept = [row for row in self.plain.values() if self.query.keeps(row)]
        kept.sort(key=lambda row: (sort_value(row, COLUMNS[self.column], self.column), row.key), reverse=self.descending)
        assert list(self.store.rows()) == kept
        assert [self.store.at(index) for index in range(len(self.store))] == kept
        assert self.store.total == len(self.plain)

    @invariant()
    def finds_every_row_where_it_stands(self) -> None:
        for index, row in enumerate(self.store.rows()):
            assert self.store.index_of(row.key) == index


StoreMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestStore = StoreMachine.TestCase


def row(name: str, status: str = "Running", restarts: str = "0", age: str = "1s") -> Row:
    return Row(Key("default", name), (name, status, restarts, age))


def test_what_changed_is_marked_for_a_moment() -> None:
    store = Store(COLUMNS)
    store.put([row("a"), row("b")], 100.0, marked=False)
    store.put([row("a", "Failed", "2"), row("c")], 101.0)
    changed, new = store.mark(Key("default", "a")), store.mark(Key("default", "c"))
    assert changed is not None
    assert changed.cells == {1: "∙", 2: "↑"}
    assert new is not None
    assert new.cells == {}
    assert store.mark(Key("default", "b")) is None
    assert store.fade(101.0 + MARK_SECONDS / 2) == []
    assert set(store.fade(101.0 + MARK_SECONDS)) == {Key("default", "a"), Key("default", "c")}
    assert store.mark(Key("default", "a")) is None


def test_growing_older_is_no_news() -> None:
    store = Store(COLUMNS)
    store.put([row("a", age="1s")], 100.0, marked=False)
    store.put([row("a", age="2s")], 101.0)
    assert store.mark(Key("default", "a")) is None


def test_the_shape_rests_while_rows_keep_their_places() -> None:
    """So a change in a cell redraws a line, not the page."""
    store = Store(COLUMNS)
    store.put([row("a"), row("b")], 0.0)
    shape = store.shape
    store.put([row("a", "Pending")], 1.0)
    assert store.shape == shape
    store.put([row("c")], 2.0)
    assert store.shape != shape


def test_a_row_that_goes_is_no_longer_picked() -> None:
    store = Store(COLUMNS)
    store.put([row("a")], 0.0)
    store.toggle_picked(Key("default", "a"))
    store.remove([Key("default", "a")])
    assert store.picked == set()


@given(st.lists(rows, max_size=30))
def test_numbers_sort_as_numbers_and_nothing_comes_last(given_rows: list[Row]) -> None:
    store = Store(COLUMNS)
    store.put(given_rows, 0.0)
    store.sort(2, descending=False)
    restarts = [int(shown.cells[2]) for shown in store.rows()]
    assert restarts == sorted(restarts)
    store.sort(1, descending=False)
    blanks = [shown.cells[1] == "–" for shown in store.rows()]
    assert blanks == sorted(blanks)
