"""Tokens of service accounts: signed here, and checked with every use.

A signature is checked once per token and remembered; whether the token is still in its time, and whether everything that it
is bound to still exists, is looked up each time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import jwt

from controlplane.api import registry, times
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server.authn import claims as claims_of_tokens
from controlplane.server.authn.claims import Claims, ClaimsError, Ref
from controlplane.server.authn.keys import Signer, Verifier
from controlplane.server.authn.tokens import Bearer, Freshen, Kinds, invalid
from controlplane.server.users import CREDENTIAL_ID, User, service_account_groups
from protos.v1 import core_pb2 as core

TOKEN_SECRET = "kubernetes.io/service-account-token"
_SKEW_SECONDS = 60  # how far the clocks of API servers may be apart
_REMEMBERED = 8192
_NOT_CHECKED_BY_PYJWT = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")
_OPTIONS: dict[str, Any] = dict.fromkeys(_NOT_CHECKED_BY_PYJWT, False)


class Issuer:
    """Signs tokens. `uid` names each of them."""

    def __init__(self, signer: Signer, issuer: str, *, now: Callable[[], float], uid: Callable[[], str]) -> None:
        self._signer = signer
        self._issuer = issuer
        self._now, self._uid = now, uid

    def issue(self, claims: Claims, seconds: int) -> tuple[str, int]:
        """A token that is good from now on for so many seconds, and when it ends."""
        now = int(self._now())
        whole = replace(claims, issued=now, begins=now, ends=now + seconds, id=self._uid())
        return self._signed(claims_of_tokens.to_json(whole, self._issuer)), now + seconds

    def issue_legacy(self, claims: Claims) -> str:
        """A token for the secret that the claims name, in which it must stand to be good."""
        return self._signed(claims_of_tokens.to_legacy_json(claims))

    def _signed(self, payload: dict[str, Any]) -> str:
        verifier = self._signer.verifier
        return jwt.encode(payload, self._signer.key, verifier.algorithm, headers={"kid": verifier.id})


class ServiceAccountTokens:
    """`issuers` are those whose tokens are accepted; the first is the one that issues them now."""

    def __init__(
        self,
        verifiers: dict[str, Verifier],
        issuers: Sequence[str],
        cache: Kinds,
        freshen: Freshen,
        now: Callable[[], float],
    ) -> None:
        self._verifiers = verifiers
        self._issuers = frozenset((*issuers, claims_of_tokens.LEGACY_ISSUER))
        self._cache, self._freshen, self._now = cache, freshen, now
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()

    async def bearer(self, token: str) -> Bearer | None:
        if token.count(".") != 2:
            return None
        claims = self._claims(token)
        self._check_time(claims)
        if not self._exists(claims, token):
            await self._freshen()
            if not self._exists(claims, token):
                raise invalid("service account token has been invalidated")
        return Bearer(_user(claims), claims.audiences)

    def _claims(self, token: str) -> Claims:
        """What the token says, once its signature has been found good."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            self._verified.move_to_end(digest)
            return known
        claims = self._verify(token)
        self._verified[digest] = claims
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            for verifier in self._candidates(key_id):
                try:
                    payload = jwt.decode(token, verifier.key, [verifier.algorithm], options=cast("Any", _OPTIONS))
                except jwt.InvalidSignatureError:
                    continue
                if payload.get("iss") not in self._issuers:
                    raise invalid()
                return claims_of_tokens.from_json(payload)
        except (jwt.PyJWTError, ClaimsError, ValueError, RecursionError) as error:
            raise invalid() from error
        raise invalid()

    def _candidates(self, key_id: object) -> Sequence[Verifier]:
        """The key that the token names, or every key if it names none, as tokens of other issuers may."""
        if key_id is None:
            return tuple(self._verifiers.values())
        found = self._verifiers.get(str(key_id))
        return () if found is None else (found,)

    def _check_time(self, claims: Claims) -> None:
        if claims.ends is None:
            return
        now = self._now()
        if now >= claims.ends:
            raise invalid("service account token has expired")
        if now + _SKEW_SECONDS < max(claims.begins, claims.issued):
            raise invalid("service account token is not valid yet")

    def _exists(self, claims: Claims, token: str) -> bool:
        namespace = claims.namespace
        if not self._stands(registry.SERVICE_ACCOUNTS, Key(namespace, claims.account.name), claims.account):
            return False
        if claims.is_legacy:
            return self._holds(claims, token)
        bound = (
            (registry.PODS, Key(namespace, claims.pod.name), claims.pod) if claims.pod else None,
            (registry.SECRETS, Key(namespace, claims.secret.name), claims.secret) if claims.secret else None,
            (registry.NODES, Key("", claims.node.name), claims.node) if claims.node and not claims.pod else None,
        )
        return all(self._stands(*one) for one in bound if one is not None)

    def _stands(self, kind: Kind[Any], key: Key, ref: Ref) -> bool:
        """Whether the object is there, or was until a moment ago: a pod that ends may use its token to the end."""
        record = self._cache.of(kind).get(key)
        return record is not None and record.uid == ref.uid and not self._is_overdue(record.message())

    def _is_overdue(self, obj: ApiObject) -> bool:
        metadata = obj.metadata
        if not metadata.HasField("deletion_timestamp"):
            return False
        return times.to_seconds(metadata.deletion_timestamp) < self._now() - _SKEW_SECONDS

    def _holds(self, claims: Claims, token: str) -> bool:
        """Whether the secret that a legacy token names still holds it."""
        assert claims.secret is not None
        record = self._cache.of(registry.SECRETS).get(Key(claims.namespace, claims.secret.name))
        if record is None:
            return False
        secret = cast("core.Secret", record.message())
        kept = secret.data.get("token", b"")
        return secret.type == TOKEN_SECRET and not self._is_overdue(secret) and hmac.compare_digest(kept, token.encode())


def _user(claims: Claims) -> User:
    extra = [(CREDENTIAL_ID, (f"JTI={claims.id}",))] if claims.id else []
    for word, ref in (("node", claims.node), ("pod", claims.pod)):
        if ref is not None:
            extra += [
                (f"authentication.kubernetes.io/{word}-name", (ref.name,)),
                (f"authentication.kubernetes.io/{word}-uid", (ref.uid,)),
            ]
    return User(claims.subject, service_account_groups(claims.namespace), claims.account.uid, tuple(sorted(extra)))
