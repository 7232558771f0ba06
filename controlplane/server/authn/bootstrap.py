"""Bootstrap tokens, `abcdef.0123456789abcdef`: by them a new node joins. Each is a Secret in kube-system."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from typing import cast

from controlplane.api import registry, times
from controlplane.api.objects import Key, is_terminating
from controlplane.server.authn.freshness import Freshness
from controlplane.server.authn.tokens import Bearer, invalid
from controlplane.server.users import BOOTSTRAPPERS, User
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core

NAMESPACE = "kube-system"
TYPE = "bootstrap.kubernetes.io/token"
_PREFIX = "bootstrap-token-"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})", re.ASCII)
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]", re.ASCII)


class BootstrapTokens:
    def __init__(self, cache: Cache, freshness: Freshness, now: Callable[[], float]) -> None:
        self._cache, self._freshness, self._now = cache, freshness, now

    async def bearer(self, token: str) -> Bearer | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        token_id, secret = match.groups()
        user = self._user(token_id, secret)
        if user is None:
            await self._freshness.freshen()
            user = self._user(token_id, secret)
        if user is None:
            raise invalid()
        return Bearer(user)

    def _user(self, token_id: str, secret: str) -> User | None:
        record = self._cache.of(registry.SECRETS).get(Key(NAMESPACE, _PREFIX + token_id))
        return None if record is None else user_for(cast("core.Secret", record.message()), token_id, secret, self._now())


def user_for(stored: core.Secret, token_id: str, secret: str, now: float) -> User | None:
    """Who shows the token, or None if the Secret does not make it good for authentication now."""
    data = stored.data
    if stored.type != TYPE or is_terminating(stored):
        return None
    same_id = hmac.compare_digest(data.get("token-id", b""), token_id.encode())
    same_secret = hmac.compare_digest(data.get("token-secret", b""), secret.encode())
    if not (same_id and same_secret) or data.get("usage-bootstrap-authentication", b"") != b"true":
        return None
    ends = expiration(data)
    groups = _groups(data.get("auth-extra-groups", b""))
    if (ends is not None and now >= ends) or groups is None:
        return None
    return User(f"system:bootstrap:{token_id}", groups)


def expiration(data: Mapping[str, bytes]) -> float | None:
    """When the token ends, None for never; what is no time counts as long ago."""
    text = data.get("expiration", b"").decode(errors="replace")
    if not text:
        return None
    try:
        return times.parse_time(text)
    except ValueError:
        return 0.0


def _groups(extra: bytes) -> frozenset[str] | None:
    """The group of all who bootstrap, and those named; None if one of these is not theirs to be in."""
    named = [group for group in extra.decode(errors="replace").split(",") if group]
    if not all(_GROUP.fullmatch(group) for group in named):
        return None
    return frozenset((BOOTSTRAPPERS, *named))
