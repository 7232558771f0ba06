"""Spans of time as Go writes them: `1h30m`, `90s`, `500ms`; a plain number is seconds."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(h|ms|us|ns|m|s)")


def seconds(text: str) -> float:
    """Raises ValueError for text that is no span."""
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        return float(text)
    total, position = 0.0, 0
    for part in _PART.finditer(text):
        if part.start() != position:
            break
        total += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    if not text or position != len(text):
        raise ValueError(f'invalid duration "{text}"; write it as 90s, 5m or 1h30m')
    return total


class Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
