"""The certificates that the cluster's authority makes of requests."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from controlplane.manager.signing import SigningAuthority, sign
from controlplane.server.pki import make_ca
from tests.support.requests import FOR_SERVERS, KEY, SERVING, make_pem, make_request

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
PAIR = make_ca("test", NOW)
AUTHORITY = SigningAuthority(PAIR.certificate, PAIR.key)
CA = x509.load_pem_x509_certificate(PAIR.certificate)


def signed(seconds: int = 3600, now: datetime.datetime = NOW) -> x509.Certificate:
    pem = make_pem("system:node:n1", ["system:nodes"], names=["n1"], addresses=["10.0.0.1"])
    spec = make_request("csr", pem, signer=SERVING, usages=FOR_SERVERS).spec
    return x509.load_pem_x509_certificate(sign(AUTHORITY, spec, seconds, now))


def test_a_certificate_says_what_was_asked_for_and_is_the_authoritys() -> None:
    certificate = signed()
    certificate.verify_directly_issued_by(CA)
    assert certificate.subject.rfc4514_string() == "CN=system:node:n1,O=system:nodes"
    assert certificate.public_key() == KEY.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["n1"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, False, False)


def test_a_certificate_cannot_sign_others() -> None:
    assert not signed().extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("seconds", [600, 86_400])
def test_a_certificate_is_good_for_as_long_as_was_granted_and_a_little_before(seconds: int) -> None:
    certificate = signed(seconds)
    assert certificate.not_valid_after_utc == NOW + datetime.timedelta(seconds=seconds)
    assert certificate.not_valid_before_utc == NOW - datetime.timedelta(minutes=5)


def test_a_certificate_does_not_outlive_its_authority() -> None:
    late = CA.not_valid_after_utc - datetime.timedelta(minutes=20)
    assert signed(now=late).not_valid_after_utc == CA.not_valid_after_utc


def test_no_two_certificates_have_one_number() -> None:
    assert signed().serial_number != signed().serial_number
