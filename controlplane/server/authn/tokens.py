"""Bearer tokens: whose they are. Each sort of token has an authenticator; the first that knows a token decides.

Nothing that is told to a caller says more about a token than its owner knows: all that is not ours gets the same answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from controlplane.api import errors
from controlplane.api.kind import Kind
from controlplane.server.users import AUTHENTICATED, User
from controlplane.store.kindcache import KindCache

_LONGEST = 16 << 10


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose a token is. `audiences` are those for whom it is meant; empty for tokens that name none, which are meant for the
    API server."""

    user: User
    audiences: tuple[str, ...] = ()


# Brings the cache up to date, before somebody is turned away; all who wait share the question to etcd.
Freshen: TypeAlias = Callable[[], Awaitable[object]]


class Kinds(Protocol):
    """The watch cache, as far as tokens are looked up in it."""

    def of(self, kind: Kind[Any]) -> KindCache: ...


class TokenAuthenticator(Protocol):
    async def bearer(self, token: str) -> Bearer | None:
        """None for a token of another sort; raises Unauthorized for one of this sort that is not good."""


def invalid(why: str = "") -> errors.Unauthorized:
    return errors.Unauthorized(f"invalid bearer token{': ' + why if why else ''}")


class Tokens:
    """`audiences` are the names of the API server itself."""

    def __init__(self, sorts: Sequence[TokenAuthenticator], audiences: Sequence[str]) -> None:
        self._sorts = sorts
        self._own = tuple(audiences)

    async def bearer(self, token: str, wanted: Sequence[str] = ()) -> Bearer:
        """The user, and those of the wanted audiences (the API server's own if none are) that the token is meant for.
        Raises Unauthorized."""
        if not token or len(token) > _LONGEST:
            raise invalid()
        for sort in self._sorts:
            found = await sort.bearer(token)
            if found is not None:
                return self._meant(found, wanted or self._own)
        raise invalid()

    def _meant(self, found: Bearer, wanted: Sequence[str]) -> Bearer:
        for_whom = found.audiences or self._own
        common = tuple(audience for audience in wanted if audience in for_whom)
        if not common:
            raise invalid(f"token audiences {_quoted(for_whom)} is invalid for the target audiences {_quoted(wanted)}")
        user = found.user
        groups = user.groups | {AUTHENTICATED}
        return Bearer(User(user.name, groups, user.uid, user.extra), common)


def _quoted(words: Sequence[str]) -> str:
    return "[" + " ".join(f'"{word}"' for word in words) + "]"
