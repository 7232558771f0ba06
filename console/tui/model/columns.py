"""Which columns fit, and how wide each is. Narrow screens lose columns by priority, then names are shortened.

Wide columns are shown wherever there is room for them and something is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.printers.columns import Column

# In front of the cells: cursor or mark, state, space.
MARGIN = 3
GAP = 2
_WIDEST = 64
# What a column can be squeezed to before others are dropped for its sake.
_FLOORS = {"NAME": 24, "MESSAGE": 28, "OBJECT": 18, "NAMESPACE": 12}
_FLOOR = 12
# These are cut in the middle, because the end of a name tells pods apart.
_KEEP_END = {"NAME": 6, "OBJECT": 6}


@dataclass(frozen=True, slots=True)
class Placed:
    """A column on screen: `index` into a row's cells, first cell `x`."""

    index: int
    column: Column
    x: int
    width: int
    keep_end: int


def place(
    columns: Sequence[Column], widths: Sequence[int], screen: int, *, filled: Sequence[bool], all_wide: bool = False
) -> tuple[Placed, ...]:
    """`widths` is what each column's cells need; `filled` says whether anything is in it."""
    room = screen - MARGIN
    wanted = [min(max(have, len(column.name)), _WIDEST) for have, column in zip(widths, columns, strict=True)]
    wanted = _longest_last(columns, widths, wanted)
    shown = [
        index for index, column in enumerate(columns)
        if not column.wide or all_wide or (filled[index] and column.priority < 5)
    ]  # fmt: skip
    shown = _drop(shown, columns, wanted, room, wide_only=not all_wide)
    floors = [min(want, _FLOORS.get(column.name, _FLOOR)) for want, column in zip(wanted, columns, strict=True)]
    shown = _drop(shown, columns, floors, room, wide_only=False)
    return _placed(shown, columns, _squeeze(shown, wanted, floors, room), gap=_gap(shown, wanted, room))


def _longest_last(columns: Sequence[Column], widths: Sequence[int], wanted: list[int]) -> list[int]:
    """A message may take all the room there is."""
    return [
        max(widths[index], len(column.name)) if column.name == "MESSAGE" else want
        for index, (column, want) in enumerate(zip(columns, wanted, strict=True))
    ]  # fmt: skip


def _total(shown: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[index] for index in shown) + GAP * max(len(shown) - 1, 0)


def _drop(shown: list[int], columns: Sequence[Column], widths: Sequence[int], room: int, *, wide_only: bool) -> list[int]:
    """Leaves out columns, wide ones and those of the highest priority first, until the rest fits."""
    kept = list(shown)
    while _total(kept, widths) > room:
        victims = [i for i in kept if (columns[i].wide if wide_only else columns[i].wide or columns[i].priority)]
        if not victims:
            break
        kept.remove(max(victims, key=lambda i: (columns[i].wide, columns[i].priority, i)))
    return kept


def _squeeze(shown: Sequence[int], wanted: Sequence[int], floors: Sequence[int], room: int) -> dict[int, int]:
    """Takes what is too much from the widest columns, down to their floors."""
    given = {index: wanted[index] for index in shown}
    excess = sum(given.values()) + GAP * max(len(shown) - 1, 0) - room
    while excess > 0:
        loose = [index for index in shown if given[index] > floors[index]]
        if not loose:
            break
        widest = max(loose, key=lambda index: given[index])
        next_widest = max((given[index] for index in loose if given[index] < given[widest]), default=0)
        step = min(excess, given[widest] - max(next_widest, floors[widest]) or 1, given[widest] - floors[widest])
        given[widest] -= step
        excess -= step
    return given


def _gap(shown: Sequence[int], wanted: Sequence[int], room: int) -> int:
    """A little more air where there is plenty."""
    spare = room - _total(shown, wanted)
    return GAP + (1 if len(shown) > 1 and spare >= 2 * (len(shown) - 1) else 0)


def _placed(shown: Sequence[int], columns: Sequence[Column], given: dict[int, int], *, gap: int) -> tuple[Placed, ...]:
    placed: list[Placed] = []
    x = MARGIN
    for index in shown:
        column = columns[index]
        placed.append(Placed(index, column, x, given[index], _KEEP_END.get(column.name, 0)))
        x += given[index] + gap
    return tuple(placed)
