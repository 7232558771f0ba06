"""Times as Kubernetes writes them: RFC 3339 in UTC, whole seconds (`Time`) or microseconds (`MicroTime`).

Inside the product a moment is a float of seconds since 1970 (UTC), handed in by whoever has a clock.
"""

from __future__ import annotations

from datetime import UTC, datetime

from protos.v1 import meta_pb2 as meta


def to_time(seconds: float) -> meta.Time:
    return meta.Time(seconds=int(seconds))


def to_micro_time(seconds: float) -> meta.MicroTime:
    whole = int(seconds)
    return meta.MicroTime(seconds=whole, nanos=int((seconds - whole) * 1_000_000) * 1000)


def to_seconds(time: meta.Time | meta.MicroTime) -> float:
    return time.seconds + time.nanos / 1e9


def format_time(time: meta.Time) -> str:
    """`2026-11-22T07:18:29Z`"""
    return datetime.fromtimestamp(time.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(time: meta.MicroTime) -> str:
    """`2026-11-22T07:18:29.123456Z`"""
    return datetime.fromtimestamp(time.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time.nanos // 1000:06d}Z"


def parse_time(text: str) -> float:
    """Seconds since 1970. Raises ValueError for text that is not an RFC 3339 time with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2006-01-02T15:04:05Z")
    return moment.timestamp()
