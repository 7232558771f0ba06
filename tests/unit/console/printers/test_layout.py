"""Tables in a pipe are cut by column; their shape must be kubectl's."""

from __future__ import annotations

import pytest

from console.printers.layout import Grid, cell, escaped, tabbed


def test_columns_stand_three_spaces_apart_and_the_last_is_not_padded() -> None:
    assert Grid().lines([("NAME", "READY", "AGE"), ("web-7bdfd97dcd", "1/1", "5m")]) == [
        "NAME             READY   AGE",
        "web-7bdfd97dcd   1/1     5m",
    ]


def test_a_column_is_at_least_six_wide() -> None:
    assert Grid().lines([("A", "B"), ("1", "2")]) == ["A     B", "1     2"]


def test_rows_that_come_later_stand_under_the_earlier_ones() -> None:
    grid = Grid()
    grid.lines([("NAME", "AGE"), ("a-long-name", "1s")])
    assert grid.lines([("b", "2s")]) == ["b             2s"]


def test_tabbed_cells_line_up_with_their_neighbours_only() -> None:
    text = "Name:\tweb\nNamespace:\tdefault\nEvents:\n  Type\tAge\n  ----\t---\n  Normal\t5s\n"
    assert tabbed(text) == (
        "Name:       web\nNamespace:  default\nEvents:\n  Type    Age\n  ----    ---\n  Normal  5s\n"
    )  # fmt: skip


def test_a_second_column_lines_up_within_the_first() -> None:
    assert tabbed("a\tb\tc\na\tbbb\tc\nx") == "a  b    c\na  bbb  c\nx"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two..."),
        ("old\rnew", "old..."),
        ("\x1b[31mred", "^[[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("", ""),
    ],
)
def test_a_cell_is_one_line_and_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_longer_text_keeps_its_lines_but_no_escapes() -> None:
    assert escaped("a\nb\x1b[2J\r") == "a\nb^[[2J^M"
