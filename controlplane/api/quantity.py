"""Quantities of resources: `500m` CPUs, `1.5Gi` of memory. Exact arithmetic over Kubernetes' notation.

A number with a suffix: n u m (none) k M G T P E in powers of 1000, Ki Mi Gi Ti Pi Ei in powers of 1024, or an exponent
`e3`. What is finer than a billionth is rounded away from zero; what does not fit 63 bits is capped.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

from protos.v1 import meta_pb2 as meta

_SYNTAX = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,3}))?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {power: suffix for suffix, power in _BINARY.items()}
_LARGEST = Fraction(2**63 - 1)
_NANO = 10**9


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Fraction, str]:
    """The amount, and which family of suffixes (`binary`, `decimal`, `exponent`) it was written in."""
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is not a quantity; write a number with a suffix, such as 500m, 2, 1.5Gi or 100M')
    number, suffix, exponent = found.groups()
    amount = Fraction(number.rstrip("."))
    if exponent is not None:
        return _bounded(amount * Fraction(10) ** int(exponent)), "exponent"
    if suffix in _BINARY:
        return _bounded(amount * 2 ** _BINARY[suffix]), "binary"
    return _bounded(amount * Fraction(10) ** _DECIMAL[suffix or ""]), "decimal"


def _bounded(amount: Fraction) -> Fraction:
    nanos = _away_from_zero(amount * _NANO)
    return max(-_LARGEST, min(_LARGEST, Fraction(nanos, _NANO)))


def _away_from_zero(amount: Fraction) -> int:
    return math.ceil(amount) if amount >= 0 else math.floor(amount)


def parse(text: str) -> Fraction:
    """The exact amount: `1.5Gi` -> 1610612736. Raises ValueError for text that is no quantity."""
    return _read(text)[0]


def _text_of(quantity: meta.Quantity | str) -> str:
    text = quantity if isinstance(quantity, str) else quantity.string
    return text or "0"


def millis(quantity: meta.Quantity | str) -> int:
    """Thousandths, rounded up: `100m` -> 100, `2` -> 2000. An empty quantity is 0."""
    return _millis(_text_of(quantity))


def value(quantity: meta.Quantity | str) -> int:
    """Whole units, rounded up: `1Ki` -> 1024, `100m` -> 1. An empty quantity is 0."""
    return _value(_text_of(quantity))


@lru_cache(maxsize=4096)
def _millis(text: str) -> int:
    return _away_from_zero(parse(text) * 1000)


@lru_cache(maxsize=4096)
def _value(text: str) -> int:
    return _away_from_zero(parse(text))


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The amount as Kubernetes stores it, with no fraction and the largest suffix: `0.5` -> `500m`, `1024Mi` -> `1Gi`.

    Binary stays binary where that needs no fraction, and exponents stay exponents. Equal amounts of one notation come out
    as equal text. Raises ValueError as `parse` does.
    """
    amount, family = _read(text)
    if amount == 0:
        return "0"
    if family == "binary" and abs(amount) >= 1024 and amount.denominator == 1:
        return _binary_text(amount.numerator)
    return _decimal_text(amount, "e{}" if family == "exponent" else "")


def _binary_text(number: int) -> str:
    power = 0
    while number % 1024 == 0 and power < 60:
        number //= 1024
        power += 10
    return f"{number}{_BINARY_SUFFIX.get(power, '')}"


def _decimal_text(amount: Fraction, exponent_format: str) -> str:
    number, exponent = int(amount * _NANO), -9
    while number % 1000 == 0 and exponent < 18:
        number //= 1000
        exponent += 3
    if exponent_format and exponent:
        return f"{number}{exponent_format.format(exponent)}"
    return f"{number}{_DECIMAL_SUFFIX[exponent]}"


def format_millis(amount: int) -> str:
    """Thousandths as canonical text: 1500 -> `1500m`, 2000 -> `2`."""
    return canonical(f"{amount}m")
