from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.tui.model import sanitize
from console.tui.model.sanitize import clean, clean_line, clean_lines, crop, pad, shorten, width
from tests.unit.console.tui.hostile import CASES, is_safe, texts


@pytest.mark.parametrize("text", CASES, ids=ascii)
def test_known_hostile_text_comes_out_harmless(text: str) -> None:
    assert is_safe(clean(text))
    assert is_safe(clean_line(text))
    assert all(is_safe(line) for line in clean_lines(text))


@given(texts)
def test_nothing_that_a_terminal_acts_on_gets_through(text: str) -> None:
    assert is_safe(clean(text))


@given(texts)
def test_every_character_takes_one_or_two_cells(text: str) -> None:
    """What is measured here is what is drawn there: no joining, no zero width."""
    cleaned = clean(text)
    assert width(cleaned) == cell_len(cleaned) == sum(cell_len(character) for character in cleaned)
    assert all(cell_len(character) in (1, 2) for character in cleaned)


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text", "plain text"),
        ("[/] stays", "[/] stays"),
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]0;never ends", ""),
        ("a\tb\nc", "a b c"),
        ("e\u0301", "é"),
        ("\u202egnp.exe", "gnp.exe"),
        ("👩‍👩‍👧", "👩👩👧"),
        ("🇩🇪", "DE"),
        ("nul\x00", "nul·"),
    ],
    ids=ascii,
)
def test_what_is_left_reads_like_what_was_meant(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_lines_are_split_at_every_kind_of_end() -> None:
    assert clean_lines("a\nb\r\nc\rd\n") == ["a", "b", "c", "d"]
    assert clean_lines("") == []
    assert clean_lines("\n\n") == ["", ""]


def test_tabs_go_to_the_next_stop() -> None:
    assert clean_line("a\tb") == "a       b"


def test_a_line_without_end_is_cut() -> None:
    assert len(clean_line("x" * 1_000_000)) == sanitize.LONGEST_LINE


@given(texts, st.integers(0, 40))
def test_cropped_text_fits(text: str, cells: int) -> None:
    cropped = crop(clean(text), cells)
    assert width(cropped) <= cells
    assert clean(text).startswith(cropped)


@given(texts, st.integers(1, 40), st.booleans(), st.integers(0, 8))
def test_padded_text_takes_exactly_its_cells(text: str, cells: int, right: bool, keep_end: int) -> None:
    padded = pad(clean(text), cells, right=right, keep_end=keep_end)
    assert width(padded) == cells


def test_the_end_of_a_shortened_name_is_kept() -> None:
    """Pods of a workload differ at the end."""
    assert shorten("web-7bdfd97dcd-7t72x", 14, keep_end=6) == "web-7bd…-7t72x"
    assert shorten("web-7bdfd97dcd-7t72x", 40, keep_end=6) == "web-7bdfd97dcd-7t72x"
    assert shorten("abc", 1) == "…"
