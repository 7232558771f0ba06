"""Secrets that hold tokens, at their end: those of service accounts that are gone, and bootstrap tokens that ended."""

from __future__ import annotations

from controlplane.api import bootstrap_tokens, registry
from controlplane.api.objects import Key
from controlplane.controllers.plan import NOTHING, Absent, Delete, Plan, plan_of
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core

_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_ACCOUNT_UID = "kubernetes.io/service-account.uid"


def plan_token_secret(secret: core.Secret, view: View, now: float) -> Plan:
    if secret.type == _ACCOUNT_TOKEN:
        return _plan_account_token(secret, view)
    if secret.type == bootstrap_tokens.TYPE and secret.metadata.namespace == bootstrap_tokens.NAMESPACE:
        return _plan_bootstrap_token(secret, now)
    return NOTHING


def account_of(secret: core.Secret) -> Key | None:
    """The service account whose token the secret holds."""
    name = secret.metadata.annotations.get(_ACCOUNT_NAME, "")
    return Key(secret.metadata.namespace, name) if secret.type == _ACCOUNT_TOKEN and name else None


def _plan_account_token(secret: core.Secret, view: View) -> Plan:
    key, uid = account_of(secret), secret.metadata.annotations.get(_ACCOUNT_UID, "")
    if key is None or not uid:
        return NOTHING
    account = view.get(registry.SERVICE_ACCOUNTS, key.name, key.namespace)
    if account is not None and account.metadata.uid == uid:
        return NOTHING
    return plan_of(Delete(secret, guards=(Absent(registry.SERVICE_ACCOUNTS, key, uid),)))


def _plan_bootstrap_token(secret: core.Secret, now: float) -> Plan:
    ends = bootstrap_tokens.expiration(secret.data)
    if ends is None:
        return NOTHING
    return plan_of(Delete(secret)) if now >= ends else Plan(requeue_after=ends - now)
