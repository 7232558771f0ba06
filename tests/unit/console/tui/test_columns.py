from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.printers.columns import Column
from console.tui.model.columns import GAP, MARGIN, place
from console.tui.model.rows import columns_for
from controlplane.api import registry

PODS = columns_for(registry.PODS, with_namespace=True)
WIDTHS = [8, 22, 5, 18, 8, 5, 13, 8, 6, 6]
FILLED = [True] * 8 + [False] * 2


def names(screen: int, **options: bool) -> list[str]:
    return [placed.column.name for placed in place(PODS, WIDTHS, screen, filled=FILLED, **options)]


def test_what_is_narrow_shows_what_matters_most() -> None:
    assert names(46)[:1] == ["NAMESPACE"]
    assert {"NAME", "READY", "STATUS"} <= set(names(46))
    assert "IP" not in names(80)
    assert "NODE" in names(140)


def test_wide_columns_show_up_where_there_is_room_and_something_in_them() -> None:
    assert {"IP", "NODE"} <= set(names(200))
    assert "NOMINATED NODE" not in names(200)
    assert "NOMINATED NODE" in names(200, all_wide=True)


names_of_columns = st.sampled_from(["NAME", "STATUS", "AGE", "MESSAGE", "X"])
column_sets = st.lists(
    st.builds(Column, names_of_columns, st.booleans(), st.booleans(), st.integers(0, 5)),
    min_size=1, max_size=9,
)  # fmt: skip


@given(column_sets, st.data(), st.integers(30, 300), st.booleans())
def test_columns_never_overlap_and_never_leave_the_screen_while_any_could_go(
    columns: list[Column], data: st.DataObject, screen: int, all_wide: bool
) -> None:
    widths = data.draw(st.lists(st.integers(0, 200), min_size=len(columns), max_size=len(columns)))
    filled = [width > 0 for width in widths]
    placed = place(columns, widths, screen, filled=filled, all_wide=all_wide)
    x = MARGIN - GAP
    for one in placed:
        assert one.x >= x + GAP
        assert one.width > 0
        x = one.x + one.width
    must_stay = [one for one in placed if not one.column.wide and one.column.priority == 0]
    assert x <= screen or placed == tuple(must_stay)


@pytest.mark.parametrize("screen", [80, 120, 200])
def test_a_long_message_takes_what_is_left_and_no_more(screen: int) -> None:
    columns = columns_for(registry.EVENTS, with_namespace=False)
    widths = [len(column.name) for column in columns]
    widths[[column.name for column in columns].index("MESSAGE")] = 500
    placed = place(columns, widths, screen, filled=[True] * len(columns))
    message = next(one for one in placed if one.column.name == "MESSAGE")
    assert message.width > 20
    assert placed[-1].x + placed[-1].width <= screen
