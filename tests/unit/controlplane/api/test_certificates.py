"""What a request for a certificate asks for, and what each signer grants."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from controlplane.api.certificates import API_CLIENT, NODE_CLIENT, NODE_SERVING, CertificateRequest, problem, read
from tests.support.requests import FOR_CLIENTS, FOR_SERVERS, make_pem

NODE = CertificateRequest("system:node:n1", ("system:nodes",))
SERVING = CertificateRequest("system:node:n1", ("system:nodes",), names=("n1",))
SIGNING, ENCIPHERING, CLIENT, SERVER = "digital signature", "key encipherment", "client auth", "server auth"


def test_a_request_says_who_it_is_for() -> None:
    pem = make_pem(
        "ann", ["team", "admins"], names=["a.example"], addresses=["10.0.0.1", "fd00::1"], emails=["ann@example.org"],
        uris=["spiffe://x/y"],
    )  # fmt: skip
    assert read(pem) == CertificateRequest(
        "ann", ("team", "admins"), ("a.example",), ("10.0.0.1", "fd00::1"), ("ann@example.org",), ("spiffe://x/y",)
    )


def test_a_request_may_say_little() -> None:
    assert read(make_pem("")) == CertificateRequest("", ())


@pytest.mark.parametrize(
    ("pem", "told"),
    [
        (b"", "unable to parse csr"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "unable to parse csr"),
        (make_pem("ann", key=rsa.generate_private_key(65537, 1024)), "an RSA key of 1024 bits is too weak"),
        (make_pem("ann", key=ec.generate_private_key(ec.SECP192R1())), "the curve secp192r1 is too weak"),
    ],
    ids=["empty", "no request", "RSA 1024", "P-192"],
)
def test_what_is_no_good_request_is_told(pem: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(pem)


@pytest.mark.parametrize(
    ("signer", "request_", "usages"),
    [
        (API_CLIENT, CertificateRequest("ann", ("team",), names=("x",)), (CLIENT,)),
        (API_CLIENT, CertificateRequest("ann", ()), (CLIENT, SIGNING, ENCIPHERING)),
        (NODE_CLIENT, NODE, FOR_CLIENTS),
        (NODE_CLIENT, NODE, (*FOR_CLIENTS, ENCIPHERING)),
        (NODE_SERVING, SERVING, FOR_SERVERS),
        (NODE_SERVING, CertificateRequest("system:node:n1", ("system:nodes",), addresses=("10.0.0.1",)),
         (*FOR_SERVERS, ENCIPHERING)),
    ],
)  # fmt: skip
def test_what_its_signer_grants(signer: str, request_: CertificateRequest, usages: tuple[str, ...]) -> None:
    assert problem(signer, request_, usages) == ""


@pytest.mark.parametrize(
    ("signer", "request_", "usages", "told"),
    [
        (API_CLIENT, CertificateRequest("ann", ()), (SIGNING,), "must include 'client auth'"),
        (API_CLIENT, CertificateRequest("ann", ()), (CLIENT, SERVER), "must include 'client auth'"),
        (NODE_CLIENT, CertificateRequest("system:node:n1", ("system:masters",)), FOR_CLIENTS, "subject organization"),
        (NODE_CLIENT, CertificateRequest("system:node:n1", ("system:nodes", "x")), FOR_CLIENTS, "subject organization"),
        (NODE_CLIENT, CertificateRequest("ann", ("system:nodes",)), FOR_CLIENTS, "common name does not begin with"),
        (NODE_CLIENT, CertificateRequest("system:node:", ("system:nodes",)), FOR_CLIENTS, "common name"),
        (NODE_CLIENT, SERVING, FOR_CLIENTS, "subjectAltNames are not allowed"),
        (NODE_CLIENT, NODE, (CLIENT,), "usages must be"),
        (NODE_CLIENT, NODE, (*FOR_CLIENTS, SERVER), "usages must be"),
        (NODE_SERVING, NODE, FOR_SERVERS, "at least one DNS or IP"),
        (NODE_SERVING, CertificateRequest("system:node:n1", ("system:nodes",), ("n1",), uris=("x:y",)), FOR_SERVERS,
         "email and URI"),
        (NODE_SERVING, SERVING, FOR_CLIENTS, "usages must be"),
        ("example.com/own", NODE, FOR_CLIENTS, "there is no signer example.com/own here"),
    ],
)  # fmt: skip
def test_what_its_signer_does_not_grant(
    signer: str, request_: CertificateRequest, usages: tuple[str, ...], told: str
) -> None:
    assert told in problem(signer, request_, usages)
