from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.tui.model.sanitize import clean, width
from console.tui.model.spans import (
    ROLES,
    Line,
    Span,
    beside,
    breaks,
    fit,
    line,
    line_text,
    line_width,
    overlay,
    slice_line,
    spread,
)
from tests.unit.console.tui.hostile import texts

lines = st.lists(st.builds(Span, texts.map(clean), st.sampled_from(ROLES)), max_size=5).map(tuple)


@given(lines, st.integers(1, 60))
def test_a_fitted_line_has_exactly_its_width(of: Line, cells: int) -> None:
    assert line_width(fit(of, cells)) == cells


@given(lines, lines, st.integers(4, 80))
def test_a_spread_line_has_exactly_its_width(left: Line, right: Line, cells: int) -> None:
    assert line_width(spread(left, right, cells)) == cells


@given(st.lists(lines, max_size=4), st.lists(lines, max_size=4), st.integers(10, 80))
def test_blocks_beside_each_other_fill_the_width(left: list[Line], right: list[Line], cells: int) -> None:
    assert all(line_width(row) == cells for row in beside(left, right, cells))


@given(lines, st.integers(0, 30), st.integers(0, 30))
def test_an_overlay_changes_roles_and_no_text(of: Line, start: int, length: int) -> None:
    shown = overlay(of, start, start + length, "key")
    assert line_text(shown) == line_text(of)
    marked = "".join(span.text for span in shown if span.role == "key")
    assert line_text(of)[start : start + length] in marked or length == 0


@given(st.text(alphabet="ab日本", max_size=40), st.integers(2, 12))
def test_a_line_in_pieces_fits_and_loses_nothing(text: str, cells: int) -> None:
    whole = line((text[:5], "dim"), text[5:])
    points = breaks(text, cells)
    pieces = [line_text(slice_line(whole, start, end)) for start, end in pairwise(points)]
    assert "".join(pieces) == text
    assert all(width(piece) <= cells for piece in pieces)


def test_the_right_side_gives_way_where_there_is_no_room() -> None:
    assert line_text(spread(line("left side"), line("right"), 12)) == "left side   "
    assert line_text(spread(line("left"), line("right"), 12)) == "left   right"
