"""Signers that nobody had to name, and groups under another name."""

import base64
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controlplane.api import registry
from controlplane.api.conversion import table

KIND, OLD = registry.CERTIFICATE_SIGNING_REQUESTS, "certificates.k8s.io/v1beta1"
CLIENT, SERVING = ["digital signature", "key encipherment", "client auth"], ["digital signature", "server auth"]
ADDRESS = x509.IPAddress(ipaddress.ip_address("10.0.0.1"))


def request(name: str, group: str, *alternatives: x509.GeneralName) -> str:
    named = {NameOID.ORGANIZATION_NAME: group, NameOID.COMMON_NAME: name}
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in named.items()])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def converted(**spec: Any) -> dict[str, Any]:
    document = {"apiVersion": OLD, "kind": KIND.name, "spec": spec}
    found: dict[str, Any] = table.to_current(KIND, document)["spec"]
    return found


NODE = ("system:node:node-1", "system:nodes")


@pytest.mark.parametrize(
    ("text", "usages", "username", "signer"),
    [
        (request(*NODE), CLIENT, "bootstrap", "kubernetes.io/kube-apiserver-client-kubelet"),
        (request(*NODE, ADDRESS), SERVING, "system:node:node-1", "kubernetes.io/kubelet-serving"),
        (request(*NODE, ADDRESS), SERVING, "system:node:node-2", "kubernetes.io/legacy-unknown"),
        (request(*NODE, x509.RFC822Name("a@b.c")), SERVING, "system:node:node-1", "kubernetes.io/legacy-unknown"),
        (request(*NODE, ADDRESS), CLIENT, "bootstrap", "kubernetes.io/legacy-unknown"),
        (request(*NODE), SERVING, "system:node:node-1", "kubernetes.io/legacy-unknown"),
        (request("jane", "developers"), CLIENT, "jane", "kubernetes.io/legacy-unknown"),
        ("bm8gcmVxdWVzdA==", CLIENT, "jane", "kubernetes.io/legacy-unknown"),
        (3, CLIENT, "jane", "kubernetes.io/legacy-unknown"),
    ],
    ids=["node", "serving", "another node", "mail", "address", "server", "user", "no request", "no text"],
)
def test_what_a_request_is_for_tells_who_signs(text: Any, usages: list[str], username: str, signer: str) -> None:
    assert converted(request=text, usages=usages, username=username)["signerName"] == signer


def test_a_signer_that_is_named_stays() -> None:
    assert converted(signerName="example.com/own", usages=["any"]) == {"signerName": "example.com/own", "usages": ["any"]}


def test_a_request_without_usages_has_the_two_that_were_assumed() -> None:
    assert converted(signerName="example.com/own")["usages"] == ["digital signature", "key encipherment"]


def test_a_condition_without_a_status_held() -> None:
    document = {"apiVersion": OLD, "kind": KIND.name, "status": {"conditions": [{"type": "Approved"}]}}
    assert table.to_current(KIND, document)["status"]["conditions"] == [{"type": "Approved", "status": "True"}]


def test_the_groups_of_an_access_review_were_called_group() -> None:
    for kind in (registry.SUBJECT_ACCESS_REVIEWS, registry.LOCAL_SUBJECT_ACCESS_REVIEWS):
        old = {"apiVersion": "authorization.k8s.io/v1beta1", "kind": kind.name, "spec": {"user": "jane", "group": ["a"]}}
        current = table.to_current(kind, old)
        assert current["spec"] == {"user": "jane", "groups": ["a"]}
        assert table.from_current(kind, current, "authorization.k8s.io/v1beta1") == old
