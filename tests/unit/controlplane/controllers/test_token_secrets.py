"""Secrets that hold tokens go with what the tokens are for."""

from __future__ import annotations

import pytest

from controlplane.api import registry, times
from controlplane.api.objects import Key
from controlplane.controllers.plan import NOTHING, Absent, Delete, Plan, plan_of
from controlplane.controllers.token_secrets import plan_token_secret
from protos.v1 import core_pb2 as core
from tests.support.simulation import LaggingView, Store

NOW = times.parse_time("2026-11-22T12:00:00Z")


def account_token(name: str = "web", uid: str = "sa-1") -> core.Secret:
    secret = core.Secret(type="kubernetes.io/service-account-token")
    secret.metadata.name, secret.metadata.namespace = "web-token", "shop"
    secret.metadata.annotations["kubernetes.io/service-account.name"] = name
    secret.metadata.annotations["kubernetes.io/service-account.uid"] = uid
    return secret


def bootstrap_token(expiration: str = "", namespace: str = "kube-system") -> core.Secret:
    secret = core.Secret(type="bootstrap.kubernetes.io/token")
    secret.metadata.name, secret.metadata.namespace = "bootstrap-token-abcdef", namespace
    if expiration:
        secret.data["expiration"] = expiration.encode()
    return secret


def account(uid: str = "sa-1") -> core.ServiceAccount:
    found = core.ServiceAccount()
    found.metadata.name, found.metadata.namespace, found.metadata.uid = "web", "shop", uid
    return found


def plan(secret: core.Secret, *others: core.ServiceAccount) -> Plan:
    return plan_token_secret(secret, LaggingView(Store(*others)), NOW)


def test_a_token_stays_while_its_account_does() -> None:
    assert plan(account_token(), account()) == NOTHING


@pytest.mark.parametrize("others", [(), (account("sa-2"),)], ids=["gone", "another of its name"])
def test_a_token_goes_when_its_very_account_is_gone(others: tuple[core.ServiceAccount, ...]) -> None:
    secret = account_token()
    guard = Absent(registry.SERVICE_ACCOUNTS, Key("shop", "web"), "sa-1")
    assert plan(secret, *others) == plan_of(Delete(secret, guards=(guard,)))


def test_a_bootstrap_token_goes_when_its_time_is_over() -> None:
    ended = bootstrap_token("2026-11-22T12:00:00Z")
    assert plan(ended) == plan_of(Delete(ended))
    assert plan(bootstrap_token("2026-11-22T12:01:00Z")) == Plan(requeue_after=60)


@pytest.mark.parametrize(
    "secret",
    [bootstrap_token(), bootstrap_token("2020-01-01T00:00:00Z", "shop"), core.Secret(type="Opaque"),
     core.Secret(type="kubernetes.io/service-account-token")],
    ids=["without end", "in another namespace", "another type", "not yet filled in"],
)  # fmt: skip
def test_other_secrets_stay(secret: core.Secret) -> None:
    assert plan(secret) == NOTHING
