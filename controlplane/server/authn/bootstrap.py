"""Whose a bootstrap token is: by it a new node joins. The token is good while its Secret in kube-system says so."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import cast

from controlplane.api import bootstrap_tokens, registry
from controlplane.api.objects import Key, is_terminating
from controlplane.server.authn.tokens import Bearer, Freshen, Kinds, invalid
from controlplane.server.users import BOOTSTRAPPERS, User
from protos.v1 import core_pb2 as core

_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]", re.ASCII)


class BootstrapTokens:
    def __init__(self, cache: Kinds, freshen: Freshen, now: Callable[[], float]) -> None:
        self._cache, self._freshen, self._now = cache, freshen, now

    async def bearer(self, token: str) -> Bearer | None:
        parts = bootstrap_tokens.split(token)
        if parts is None:
            return None
        user = self._user(*parts)
        if user is None:
            await self._freshen()
            user = self._user(*parts)
        if user is None:
            raise invalid()
        return Bearer(user)

    def _user(self, token_id: str, secret: str) -> User | None:
        key = Key(bootstrap_tokens.NAMESPACE, bootstrap_tokens.secret_name(token_id))
        record = self._cache.of(registry.SECRETS).get(key)
        return None if record is None else user_for(cast("core.Secret", record.message()), token_id, secret, self._now())


def user_for(stored: core.Secret, token_id: str, secret: str, now: float) -> User | None:
    """Who shows the token, or None if the Secret does not make it good for authentication now."""
    data = stored.data
    if stored.type != bootstrap_tokens.TYPE or is_terminating(stored):
        return None
    same_id = hmac.compare_digest(data.get("token-id", b""), token_id.encode())
    same_secret = hmac.compare_digest(data.get("token-secret", b""), secret.encode())
    if not (same_id and same_secret) or data.get("usage-bootstrap-authentication", b"") != b"true":
        return None
    ends = bootstrap_tokens.expiration(data)
    groups = _groups(data.get("auth-extra-groups", b""))
    if (ends is not None and now >= ends) or groups is None:
        return None
    return User(f"system:bootstrap:{token_id}", groups)


def _groups(extra: bytes) -> frozenset[str] | None:
    """The group of all who bootstrap, and those named; None if one of these is not theirs to be in."""
    named = [group for group in extra.decode(errors="replace").split(",") if group]
    if not all(_GROUP.fullmatch(group) for group in named):
        return None
    return frozenset((BOOTSTRAPPERS, *named))
