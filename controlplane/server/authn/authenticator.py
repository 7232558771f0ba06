"""Who calls: by the client certificate, on the port that asks for one, or by a bearer token, on the port that does not.

A connection with a certificate is its owner's; a token that it carries is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from controlplane.api import errors
from controlplane.server.authn import certificates, impersonation
from controlplane.server.authn.tokens import Tokens
from controlplane.server.users import Caller, User

_SCHEME = "bearer "


class Authenticator:
    def __init__(self, tokens: Tokens, authorizer: impersonation.Decides, now: Callable[[], float]) -> None:
        self._tokens, self._authorizer, self._now = tokens, authorizer, now

    async def authenticate(
        self, certificate: bytes | None, metadata: Iterable[tuple[str, str | bytes]], source: str
    ) -> Caller:
        """`certificate` is the one that TLS has verified, as PEM text. Raises Unauthorized, or Forbidden for somebody who
        may not act as another."""
        agent = authorization = ""
        wanted: list[tuple[str, str]] = []
        for key, value in metadata:
            if not isinstance(value, str):
                continue
            if key == "user-agent":
                agent = value
            elif key == "authorization":
                authorization = value
            elif key.startswith(impersonation.PREFIX):
                wanted.append((key, value))
        real = certificates.user_of(certificate, self._now()) if certificate else await self._bearer(authorization)
        if not wanted:
            return Caller(real, source, agent)
        user = impersonation.impersonate(self._authorizer, real, impersonation.wish(wanted))
        return Caller(user, source, agent, real)

    async def _bearer(self, authorization: str) -> User:
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise errors.Unauthorized(
                'no credentials; send the metadata "authorization: Bearer TOKEN", or use the port for client certificates'
            )
        return (await self._tokens.bearer(authorization[len(_SCHEME) :].strip())).user
