"""Tokens as volumes have them: which a pod wants, and when one is to be replaced. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from protos.v1 import core_pb2 as core

_SHARE_OF_LIFE = 0.8
_LONGEST_USE_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pod asks of a token; an empty audience is the API server's own."""

    audience: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Token:
    """`renew_at` is when it is time for another; it is good until `expires_at`."""

    text: str
    renew_at: float
    expires_at: float


def wanted(projection: core.ServiceAccountTokenProjection) -> Wanted:
    return Wanted(projection.audience, projection.expiration_seconds)


def new_token(text: str, *, begins: float, ends: float) -> Token:
    """A token is used for four fifths of its life, but no longer than a day."""
    return Token(text, begins + min((ends - begins) * _SHARE_OF_LIFE, _LONGEST_USE_SECONDS), ends)


def read_token(content: bytes) -> Token | None:
    """The token that a file holds, by its own word on its time; None for what is no such token."""
    parts = content.split(b".")
    if len(parts) != 3:
        return None
    try:
        text, claims = content.decode(), orjson.loads(base64.urlsafe_b64decode(parts[1] + b"=="))
    except ValueError:
        return None
    begins, ends = _claim(claims, "iat"), _claim(claims, "exp")
    if begins is None or ends is None:
        return None
    return new_token(text, begins=begins, ends=ends)


def _claim(claims: Any, name: str) -> float | None:
    value = claims.get(name) if isinstance(claims, dict) else None
    return float(value) if isinstance(value, int | float) else None
