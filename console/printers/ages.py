"""How long ago, in the few characters that kubectl uses: `42s`, `5m30s`, `3h12m`, `7d4h`, `2y35d`."""

from __future__ import annotations

from controlplane.api import times
from protos.v1 import meta_pb2 as meta

UNKNOWN = "<unknown>"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def age(seconds: float) -> str:
    """Two units while the second one matters, one after that. A second in the future counts as now, as clocks differ; a time
    later than that is `<invalid>`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{max(whole, 0)}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def since(time: meta.Time | meta.MicroTime, now: float) -> str:
    """The age of a moment; `<unknown>` for one that is not set."""
    if not time.seconds:
        return UNKNOWN
    return age(now - times.to_seconds(time))


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large}{large_name}" + (f"{rest}{small_name}" if rest else "")
