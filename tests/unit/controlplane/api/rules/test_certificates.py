"""Rules for CertificateSigningRequests, each broken once."""

import base64
from typing import Any

import pytest

from controlplane.api.registry import CERTIFICATE_SIGNING_REQUESTS
from controlplane.api.rules.certificates import USAGES
from tests.unit.controlplane.api.rules.documents import problems, update


def pem(label: str) -> str:
    return base64.b64encode(f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n".encode()).decode()


REQUEST = pem("CERTIFICATE REQUEST")
TYPE = "PEM block type must be CERTIFICATE REQUEST"


def doc(conditions: list[dict[str, str]] | None = None, certificate: str = "", **fields: Any) -> dict[str, Any]:
    spec = {"request": REQUEST, "signerName": "example.com/signer", "usages": ["client auth"]} | fields
    return {"spec": spec, "status": {"conditions": conditions or [], "certificate": certificate}}


def condition(name: str, status: str = "True") -> dict[str, str]:
    return {"type": name, "status": status}


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (doc(expirationSeconds=600, usages=list(USAGES)), []),
        (doc([condition("Approved")], pem("CERTIFICATE")), []),
        (doc(request=""), [f"spec.request: Required value: {TYPE}"]),
        (doc(request=pem("CERTIFICATE")), [f'spec.request: Invalid value: "<bytes>": {TYPE}']),
        (doc(request=base64.b64encode(b"hello").decode()), [f'spec.request: Invalid value: "<bytes>": {TYPE}']),
        (doc(signerName=""), ["spec.signerName: Required value"]),
        (doc(signerName="example.com"),
         ["spec.signerName: Invalid value: \"example.com\": must be a fully qualified domain and path of the form "
          "'example.com/signer-name'"]),
        (doc(signerName="local/a"),
         ['spec.signerName: Invalid value: "local/a": should be a domain with at least two segments separated by dots']),
        (doc(signerName="kubernetes.io/legacy-unknown"),
         ['spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this '
          "API version"]),
        (doc(usages=[]), ["spec.usages: Required value: usages must be specified"]),
        (doc(usages=["signing", "signing"]), ['spec.usages[1]: Duplicate value: "signing"']),
        (doc(expirationSeconds=599),
         ["spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"]),
        (doc([condition("Approved", "False")]),
         ['status.conditions[0].status: Unsupported value: "False": supported values: "True"']),
        (doc([condition("Other", "Yes")]),
         ['status.conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"']),
        (doc([condition("Approved"), condition("Approved")]),
         ['status.conditions[1].type: Duplicate value: "Approved"']),
        (doc([condition("Denied"), condition("Approved")]),
         ['status.conditions[1]: Invalid value: "Approved": Approved and Denied conditions are mutually exclusive']),
        (doc(certificate=REQUEST),
         ['status.certificate: Invalid value: "<certificate data>": must contain one or more PEM blocks of CERTIFICATE']),
    ],
)  # fmt: skip
def test_the_rules_of_requests(request_: dict[str, Any], found: list[str]) -> None:
    assert problems(CERTIFICATE_SIGNING_REQUESTS, request_) == found


def test_an_unknown_usage_brings_the_known_ones() -> None:
    (problem,) = problems(CERTIFICATE_SIGNING_REQUESTS, doc(usages=["everything"]))
    assert problem.startswith('spec.usages[0]: Unsupported value: "everything": supported values: "any", "cert sign", ')


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (doc(), doc([condition("Approved")]), []),
        (doc(), doc(usages=["signing"]), ["spec: Forbidden: field is immutable"]),
        (doc([condition("Denied")]), doc(),
         ['status.conditions: Forbidden: updates may not remove a condition of type "Denied"']),
        (doc(certificate=pem("CERTIFICATE")), doc(),
         ["status.certificate: Forbidden: updates may not set certificate content that is already set"]),
    ],
)  # fmt: skip
def test_what_was_asked_and_decided_stands(old: dict[str, Any], new: dict[str, Any], found: list[str]) -> None:
    assert update(CERTIFICATE_SIGNING_REQUESTS, old, new) == found
