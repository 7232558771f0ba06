"""Schedules as cron writes them."""

import pytest

from controlplane.api import cron

EVERY_MINUTE = frozenset(range(60))


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("* * * * *", EVERY_MINUTE, frozenset(range(24))),
        ("*/15 0 * * *", {0, 15, 30, 45}, {0}),
        ("5,35 9-17/4 * * *", {5, 35}, {9, 13, 17}),
        ("50/5 23 * * *", {50, 55}, {23}),
        ("@hourly", {0}, frozenset(range(24))),
        ("@daily", {0}, {0}),
        ("@midnight", {0}, {0}),
    ],
)
def test_minutes_and_hours(text: str, minutes: set[int], hours: set[int]) -> None:
    schedule = cron.parse(text)
    assert (schedule.minutes, schedule.hours) == (frozenset(minutes), frozenset(hours))


def test_months_and_days_have_names() -> None:
    schedule = cron.parse("0 0 1 JAN,jul-sep mon-FRI")
    assert schedule.months == {1, 7, 8, 9}
    assert schedule.weekdays == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("text", "day", "weekday", "matches"),
    [
        ("0 0 13 * *", 13, 2, True),
        ("0 0 13 * *", 12, 5, False),
        ("0 0 * * 5", 12, 5, True),
        ("0 0 ? * 5", 12, 4, False),
        ("0 0 13 * 5", 12, 5, True),  # either, as both are restricted
        ("0 0 13 * 5", 13, 1, True),
        ("0 0 13 * 5", 12, 1, False),
        ("0 0 */2 * 1", 2, 1, True),  # a stepped star restricts
    ],
)
def test_which_days_match(text: str, day: int, weekday: int, matches: bool) -> None:
    assert cron.parse(text).day_matches(day, weekday) is matches


def test_a_schedule_may_be_an_interval() -> None:
    assert cron.parse("@every 1h30m").every_seconds == 5400
    assert cron.parse("@every 10ms").every_seconds == 1


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("* * * * * *", "expected exactly 5 fields, found 6"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("* 5-3 * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", "failed to parse int from x: x"),
        ("1-2-3 * * * *", "failed to parse int from 2-3: 1-2-3"),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        ("@every day", "failed to parse duration @every day"),
    ],
)
def test_what_is_no_schedule_is_told(text: str, wrong: str) -> None:
    with pytest.raises(ValueError) as refused:
        cron.parse(text)
    assert wrong in str(refused.value)
