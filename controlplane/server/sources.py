"""What the server does not decide but draws: the time, unique ids, and chance. Tests hand in their own."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

# Kubernetes' alphabet for generated names: no vowels and no look-alikes, so that no word appears by accident.
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def _suffix() -> str:
    return "".join(secrets.choice(NAME_ALPHABET) for _ in range(5))


def _uid() -> str:
    """A random UUID (RFC 9562, version 4); a fifth of what the library's costs."""
    digits = secrets.token_hex(16)
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class Sources:
    now: Callable[[], float] = time.time
    uid: Callable[[], str] = _uid
    name_suffix: Callable[[], str] = _suffix
    chance: Callable[[int], int] = secrets.randbelow
