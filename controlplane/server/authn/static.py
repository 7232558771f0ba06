"""Tokens from a file that is read once, at the start: `token,user,uid,"group1,group2"`, a line each."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping

import structlog

from controlplane.server.authn.tokens import Bearer
from controlplane.server.users import User

log = structlog.get_logger()


class StaticTokens:
    """`users` are found by their tokens' digests, so that the time a search takes tells nothing about a token."""

    def __init__(self, users: Mapping[bytes, User]) -> None:
        self._users = users

    async def bearer(self, token: str) -> Bearer | None:
        user = self._users.get(_digest(token))
        return None if user is None else Bearer(user)


def read(text: str) -> dict[bytes, User]:
    """Raises ValueError, naming the line, for a line that has no token, user and uid."""
    users: dict[bytes, User] = {}
    for number, row in enumerate(csv.reader(text.splitlines(), skipinitialspace=True), start=1):
        if not row:
            continue
        token, name, uid, *groups = [column.strip() for column in row] if len(row) >= 3 else ("", "", "")
        if not token or not name:
            raise ValueError(f'line {number}: {len(row)} columns; write token,user,uid and, if any, "group1,group2"')
        if _digest(token) in users:
            log.warning("token stands twice in the token file; the later line counts", line=number, user=name)
        users[_digest(token)] = User(name, frozenset(_split(groups[0])) if groups else frozenset(), uid)
    return users


def _split(groups: str) -> list[str]:
    return [group.strip() for group in groups.split(",") if group.strip()]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
