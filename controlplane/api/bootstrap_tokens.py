"""Bootstrap tokens, `abcdef.0123456789abcdef`: an id, which may be told, and a secret. Each is kept as a Secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controlplane.api import times

NAMESPACE = "kube-system"
TYPE = "bootstrap.kubernetes.io/token"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})", re.ASCII)


def split(token: str) -> tuple[str, str] | None:
    """Id and secret, or None for what is no bootstrap token."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else (match[1], match[2])


def secret_name(token_id: str) -> str:
    return f"bootstrap-token-{token_id}"


def expiration(data: Mapping[str, bytes]) -> float | None:
    """When the token in a Secret's data ends, None for never; what is no time counts as long ago."""
    text = data.get("expiration", b"").decode(errors="replace")
    if not text:
        return None
    try:
        return times.parse_time(text)
    except ValueError:
        return 0.0
