"""What an unquoted word means in Kubernetes' YAML: the rules of its own reader, which are YAML 1.1 with exceptions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

Scalar = str | int | float | bool | None


def _spellings(*words: str) -> set[str]:
    return {form for word in words for form in (word, word.capitalize(), word.upper())}


_WORDS: Mapping[str, Scalar] = MappingProxyType(
    {
        **dict.fromkeys(_spellings("y", "yes", "true", "on"), True),
        **dict.fromkeys(_spellings("n", "no", "false", "off"), False),
        **dict.fromkeys({"", "~", *_spellings("null")}, None),
        **dict.fromkeys({".nan", ".NaN", ".NAN"}, math.nan),
        **dict.fromkeys({".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"}, math.inf),
        **dict.fromkeys({"-.inf", "-.Inf", "-.INF"}, -math.inf),
    }
)
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = (16, 2, 8, 10)


def resolve(word: str) -> Scalar:
    """The value of a word that stands without quotes and without a tag."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "+-.0123456789":
        return word
    plain = word if word[0] == "." else word.replace("_", "")
    if found := _INTEGER.fullmatch(plain):
        whole = _integer(found)
        if -(2**63) <= whole < 2**64:
            return whole
    number = float(plain) if _FLOAT.fullmatch(plain) else math.inf
    return word if math.isinf(number) else number


def _integer(found: re.Match[str]) -> int:
    digits, base = next(
        (digits, base) for digits, base in zip(found.groups()[1:], _BASES, strict=True) if digits is not None
    )
    number = int(digits, base)
    return -number if found[1] == "-" else number


def key_text(value: object) -> str:
    """A scalar as the key of a JSON object: `true` for a truth value, digits for a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
