"""Durations as Go writes them: `1h2m3.5s`, `300ms`. In nanoseconds."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str) -> int:
    """`1m30s` -> 90_000_000_000. Raises ValueError."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    if not rest or _PART.sub("", rest):
        raise ValueError(f"{text!r} is not a duration such as 1m30s")
    return sign * round(sum(Fraction(number.rstrip(".")) * _UNITS[unit] for number, unit in _PART.findall(rest)))


def format_duration(nanoseconds: int) -> str:
    """90_000_000_000 -> `1m30s`"""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < 10**9:
        unit = next((unit for unit in ("ms", "µs", "ns") if left >= _UNITS[unit]), "s")
        return f"{sign}{_trimmed(left, _UNITS[unit])}{unit}"
    hours, left = divmod(left, _UNITS["h"])
    minutes, left = divmod(left, _UNITS["m"])
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_trimmed(left, _UNITS['s'])}s"


def _trimmed(amount: int, unit: int) -> str:
    whole, part = divmod(amount, unit)
    if not part:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{part:0{digits}d}".rstrip("0")
