"""Whom a client certificate names."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from controlplane.api import errors
from controlplane.server.authn.certificates import user_of

BEGINS = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ENDS = BEGINS + datetime.timedelta(days=30)
DURING = (BEGINS + datetime.timedelta(days=1)).timestamp()
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def make_certificate(name: str, groups: Sequence[str] = (), usages: Sequence[ObjectIdentifier] = ()) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    if name:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_the_common_name_is_the_user_and_the_organisations_are_the_groups() -> None:
    user = user_of(make_certificate("ann", ["team", "admins"], [CLIENT]), DURING)
    assert user.name == "ann"
    assert user.groups == {"team", "admins", "system:authenticated"}
    ((key, (value,)),) = user.extra
    assert key == "authentication.kubernetes.io/credential-id"
    assert value.startswith("X509SHA256=")


@pytest.mark.parametrize("usages", [[], [CLIENT, SERVER], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]])
def test_a_certificate_that_is_not_limited_to_servers_is_good(usages: list[ObjectIdentifier]) -> None:
    assert user_of(make_certificate("ann", usages=usages), DURING).name == "ann"


def test_a_servers_certificate_is_nobodys_as_a_client() -> None:
    with pytest.raises(errors.Unauthorized, match="lacks client auth"):
        user_of(make_certificate("system:node:n", ["system:nodes"], [SERVER]), DURING)


def test_a_certificate_without_a_name_is_nobodys() -> None:
    with pytest.raises(errors.Unauthorized, match="names nobody"):
        user_of(make_certificate("", ["system:masters"]), DURING)


@pytest.mark.parametrize("now", [BEGINS.timestamp() - 1, ENDS.timestamp() + 1])
def test_a_certificate_is_good_in_its_time_only(now: float) -> None:
    pem = make_certificate("ann")
    assert user_of(pem, DURING).name == "ann"
    with pytest.raises(errors.Unauthorized, match="has expired or is not yet valid"):
        user_of(pem, now)
