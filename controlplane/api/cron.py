"""Schedules in cron's notation, as Kubernetes reads them: `*/15 9-17 * * MON-FRI`, `@daily`, `@every 1h30m`.

Five fields: minute, hour, day of month, month, day of week (0 or SUN is Sunday). A field is a list of `*`, `?`, numbers and
ranges, each with an optional step. A day matches when both day fields do, or either where both are restricted (crontab(5)).
"""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.api import durations

_MONTHS = {
    name: number
    for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_EVERY = "@every "
_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_NO_NAMES: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours and so on that match. Of an `@every` schedule only `every_seconds` is set."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    every_seconds: int = 0

    def day_matches(self, day: int, weekday: int) -> bool:
        """`weekday` counts from Sunday, which is 0."""
        if self.any_day or self.any_weekday:
            return day in self.days and weekday in self.weekdays
        return day in self.days or weekday in self.weekdays


def parse(text: str) -> Schedule:
    """Raises ValueError that says what is wrong."""
    if text.startswith(_EVERY):
        return _every(text.removeprefix(_EVERY))
    if text.startswith("@") and text not in _SHORTHANDS:
        raise ValueError(f"unrecognized descriptor: {text}; use one of {', '.join(_SHORTHANDS)}, @every <duration>")
    fields = _SHORTHANDS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minute, hour, day, month, weekday = fields
    return Schedule(
        minutes=_field(minute, 0, 59, _NO_NAMES),
        hours=_field(hour, 0, 23, _NO_NAMES),
        days=_field(day, 1, 31, _NO_NAMES),
        months=_field(month, 1, 12, _MONTHS),
        weekdays=_field(weekday, 0, 6, _DAYS),
        any_day=_is_any(day),
        any_weekday=_is_any(weekday),
    )


def _every(text: str) -> Schedule:
    try:
        nanoseconds = durations.parse_duration(text)
    except ValueError as error:
        raise ValueError(f"failed to parse duration @every {text}: {error}") from error
    return Schedule(every_seconds=max(1, nanoseconds // 10**9))


def _is_any(field: str) -> bool:
    return any(part.partition("/")[0] in ("*", "?") and part.partition("/")[2] in ("", "1") for part in field.split(","))


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        numbers.update(_part(part, low, high, names))
    return frozenset(numbers)


def _part(text: str, low: int, high: int, names: dict[str, int]) -> range:
    """`5`, `1-5`, `*/10`, `30/10` (from 30 to the end)"""
    span, slash, step_text = text.partition("/")
    first_text, dash, last_text = span.partition("-")
    if span in ("*", "?"):
        first, last = low, high
    else:
        first = _number(first_text, names, text)
        last = _number(last_text, names, text) if dash else high if slash else first
    step = _number(step_text, _NO_NAMES, text) if slash else 1
    if first < low:
        raise ValueError(f"beginning of range ({first}) below minimum ({low}): {text}")
    if last > high:
        raise ValueError(f"end of range ({last}) above maximum ({high}): {text}")
    if first > last:
        raise ValueError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(first, last + 1, step)


def _number(text: str, names: dict[str, int], whole: str) -> int:
    named = names.get(text.lower())
    if named is not None:
        return named
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"failed to parse int from {text}: {whole}")
    return int(text)
