"""Ages are what operators read first; they must be cut off where kubectl cuts them off."""

from __future__ import annotations

import pytest

from console.printers.ages import age, since
from protos.v1 import meta_pb2 as meta

MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1000, "<invalid>"),
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (-0.5, "0s"),
        (0, "0s"),
        (1.99, "1s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + 1, "2m1s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 5 * MINUTE + 9, "3h5m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + HOUR, "2d1h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + DAY, "2y1d"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR, "8y"),
    ],
)
def test_an_age_is_shown_in_the_units_that_matter(seconds: float, told: str) -> None:
    assert age(seconds) == told


def test_a_moment_that_is_not_set_has_no_age() -> None:
    assert since(meta.Time(), 1000.0) == "<unknown>"


def test_a_moment_is_aged_from_now() -> None:
    assert since(meta.Time(seconds=1000), 1090.0) == "90s"
    assert since(meta.MicroTime(seconds=1000, nanos=900_000_000), 1090.0) == "89s"
