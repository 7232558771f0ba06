"""Secrets of type `kubernetes.io/service-account-token` get their token, the authority and the namespace as they are stored.

Kubernetes has a controller for it; here such a secret is never seen without its token.
"""

from __future__ import annotations

from typing import Protocol

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.server.admission.review import Review
from controlplane.server.authn.claims import Claims, Ref
from controlplane.server.authn.service_accounts import TOKEN_SECRET
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core

ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"


class SignsLegacy(Protocol):
    def issue_legacy(self, claims: Claims) -> str: ...


class TokenSecrets:
    """`ca` is the authority of the API server's certificate."""

    def __init__(self, cache: Cache, issuer: SignsLegacy, ca: bytes) -> None:
        self._cache, self._issuer, self._ca = cache, issuer, ca

    def complete(self, review: Review) -> None:
        secret = review.obj
        if not isinstance(secret, core.Secret) or secret.type != TOKEN_SECRET or review.subresource:
            return
        name = secret.metadata.annotations.get(ACCOUNT_NAME, "")
        if not name:
            problem = errors.Problem(f"metadata.annotations[{ACCOUNT_NAME}]", "Required value", "FieldValueRequired")
            raise errors.invalid(review.kind.resource, review.key.name, [problem])
        if review.operation == "create" or "token" not in secret.data:
            self._fill(secret, review.key, name)

    def check(self, review: Review) -> None:
        pass

    def _fill(self, secret: core.Secret, key: Key, account: str) -> None:
        found = self._cache.of(registry.SERVICE_ACCOUNTS).get(Key(key.namespace, account))
        if found is None:
            raise errors.Forbidden(
                f'secrets "{key.name}" is forbidden: serviceaccounts "{account}" not found; create it first',
                kind=registry.SECRETS.resource,
                name=key.name,
            )
        secret.metadata.annotations[ACCOUNT_UID] = found.uid
        token = self._issuer.issue_legacy(Claims(key.namespace, Ref(account, found.uid), secret=Ref(key.name)))
        for entry, content in (("ca.crt", self._ca), ("namespace", key.namespace.encode()), ("token", token.encode())):
            if not secret.data.get(entry):
                secret.data[entry] = content
