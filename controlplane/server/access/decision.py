"""What an authorizer answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` says what allowed it, or what else is to be said of a refusal; it may be empty."""

    allowed: bool
    reason: str = ""


REFUSED = Decision(False)
