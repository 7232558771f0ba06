"""What the server does not decide but draws: the time, unique ids, and chance. Tests hand in their own."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

# Kubernetes' alphabet for generated names: no vowels and no look-alikes, so that no word appears by accident.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def _suffix() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))


@dataclass(frozen=True, slots=True)
class Sources:
    now: Callable[[], float] = time.time
    uid: Callable[[], str] = lambda: str(uuid.uuid4())
    name_suffix: Callable[[], str] = _suffix
    chance: Callable[[int], int] = secrets.randbelow
