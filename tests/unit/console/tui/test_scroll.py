from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from console.tui.model.sanitize import width
from console.tui.model.scroll import Scroll, shown_text
from console.tui.model.views import LogLine

log_lines = st.lists(
    st.builds(LogLine, st.text(alphabet="abc 日", max_size=30), st.sampled_from(["", "7t72x"])), max_size=40
)


@given(st.lists(log_lines, max_size=4), st.integers(0, 12))
def test_every_screen_line_belongs_to_one_line(batches: list[list[LogLine]], cells: int) -> None:
    scroll = Scroll()
    scroll.wrap(cells)
    for batch in batches:
        scroll.append(batch)
    seen = [scroll.at(y) for y in range(scroll.height)]
    assert seen == sorted(seen)
    assert [index for index, piece in seen if piece == 0] == list(range(len(scroll)))
    assert all(scroll.start_of(index) + piece == y for y, (index, piece) in enumerate(seen))


@given(st.lists(log_lines, max_size=6))
def test_wrapping_later_is_wrapping_from_the_start(batches: list[list[LogLine]]) -> None:
    early, late = Scroll(), Scroll()
    early.wrap(7)
    for batch in batches:
        early.append(batch)
        late.append(batch)
    late.wrap(7)
    assert early.height == late.height
    assert early.widest == late.widest == max((width(shown_text(early[i])) for i in range(len(early))), default=0)


def test_the_oldest_lines_go_when_the_bound_is_reached_and_are_counted() -> None:
    scroll = Scroll(limit=100)
    for number in range(1_000):
        scroll.append([LogLine(f"line {number}")])
    assert 85 <= len(scroll) <= 100
    assert scroll[len(scroll) - 1].text == "line 999"
    assert scroll.dropped + len(scroll) == 1_000
    assert scroll.height == len(scroll)


@given(st.lists(log_lines, max_size=5))
def test_matches_are_kept_while_lines_come_and_go(batches: list[list[LogLine]]) -> None:
    scroll = Scroll(limit=20)
    scroll.search(re.compile("ab"))
    for batch in batches:
        scroll.append(batch)
    assert scroll.matches == [index for index in range(len(scroll)) if "ab" in scroll[index].text]


def test_the_search_goes_round() -> None:
    scroll = Scroll()
    scroll.append([LogLine(text) for text in ("x", "hit", "x", "hit", "x")])
    scroll.search(re.compile("hit"))
    assert scroll.match_after(0, forward=True) == 1
    assert scroll.match_after(1, forward=True) == 3
    assert scroll.match_after(3, forward=True) == 1
    assert scroll.match_after(1, forward=False) == 3
    scroll.search(re.compile("miss"))
    assert scroll.match_after(0, forward=True) is None
