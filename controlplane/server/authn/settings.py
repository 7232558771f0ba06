"""What token authentication is set up with, and the parts made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.server.authn import keys
from controlplane.server.authn.authenticator import Authenticator
from controlplane.server.authn.bootstrap import BootstrapTokens
from controlplane.server.authn.impersonation import Decides
from controlplane.server.authn.service_accounts import Issuer, ServiceAccountTokens
from controlplane.server.authn.static import StaticTokens
from controlplane.server.authn.tokens import TokenAuthenticator, Tokens
from controlplane.server.sources import Sources
from controlplane.server.users import User
from controlplane.store.store import Store

DEFAULT_ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """`signing_key` (PEM) signs the tokens of service accounts; they are accepted when it or one of `older_keys` did.
    Tokens of every one of `issuers` are accepted, the first issues new ones. `audiences` are the API server's own names,
    the issuer if there are none. `static` are users by the digests of their tokens."""

    signing_key: bytes
    older_keys: tuple[bytes, ...] = ()
    issuers: tuple[str, ...] = (DEFAULT_ISSUER,)
    audiences: tuple[str, ...] = ()
    static: Mapping[bytes, User] = field(default_factory=dict)

    @property
    def own_audiences(self) -> tuple[str, ...]:
        return self.audiences or self.issuers[:1]


@dataclass(frozen=True, slots=True)
class Authn:
    authenticator: Authenticator
    tokens: Tokens
    issuer: Issuer


def build(settings: TokenSettings, store: Store, authorizer: Decides, sources: Sources) -> Authn:
    """Raises ValueError for keys that cannot sign or check tokens."""
    verifiers = keys.verifiers((settings.signing_key, *settings.older_keys))
    sorts: list[TokenAuthenticator] = [
        StaticTokens(settings.static),
        BootstrapTokens(store.cache, store.freshen, sources.now),
        ServiceAccountTokens(verifiers, settings.issuers, store.cache, store.freshen, sources.now),
    ]
    tokens = Tokens(sorts, settings.own_audiences)
    issuer = Issuer(keys.signer(settings.signing_key), settings.issuers[0], now=sources.now, uid=sources.uid)
    return Authn(Authenticator(tokens, authorizer, sources.now), tokens, issuer)
