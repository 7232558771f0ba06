"""When a Secret makes a bootstrap token good."""

from __future__ import annotations

import pytest

from controlplane.api import times
from controlplane.server.authn.bootstrap import user_for
from protos.v1 import core_pb2 as core

NOW = times.parse_time("2026-11-22T12:00:00Z")


def make_secret(*, type_: str = "bootstrap.kubernetes.io/token", **data: str) -> core.Secret:
    secret = core.Secret(type=type_)
    stated = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true"}
    for key, value in (stated | {key.replace("_", "-"): value for key, value in data.items()}).items():
        secret.data[key] = value.encode()
    return secret


def groups_for(secret: core.Secret) -> frozenset[str] | None:
    user = user_for(secret, "abcdef", "0123456789abcdef", NOW)
    assert user is None or user.name == "system:bootstrap:abcdef"
    return None if user is None else user.groups


@pytest.mark.parametrize(
    ("secret", "groups"),
    [
        (make_secret(), {"system:bootstrappers"}),
        (make_secret(expiration="2026-11-22T12:00:01Z"), {"system:bootstrappers"}),
        (make_secret(auth_extra_groups="system:bootstrappers:a,system:bootstrappers:b"),
         {"system:bootstrappers", "system:bootstrappers:a", "system:bootstrappers:b"}),
    ],
    ids=["plain", "a second before its end", "with groups"],
)  # fmt: skip
def test_a_good_token_is_a_bootstrappers(secret: core.Secret, groups: set[str]) -> None:
    assert groups_for(secret) == frozenset(groups)


@pytest.mark.parametrize(
    "secret",
    [
        make_secret(type_="Opaque"),
        make_secret(token_id="fedcba"),
        make_secret(token_secret="0123456789abcdee"),
        make_secret(token_secret=""),
        make_secret(usage_bootstrap_authentication="false"),
        make_secret(expiration="2026-11-22T12:00:00Z"),
        make_secret(expiration="tomorrow"),
        make_secret(auth_extra_groups="system:masters"),
        make_secret(auth_extra_groups="system:bootstrappers:a,system:masters"),
    ],
    ids=["another type", "another id", "another secret", "no secret", "for signing only", "ended", "no time",
         "group of others", "one group of others"],
)  # fmt: skip
def test_what_is_not_meant_for_it_lets_nobody_in(secret: core.Secret) -> None:
    assert groups_for(secret) is None


def test_a_secret_that_is_on_its_way_out_lets_nobody_in() -> None:
    secret = make_secret()
    secret.metadata.deletion_timestamp.CopyFrom(times.to_time(NOW))
    assert groups_for(secret) is None
