"""Who asked is written into a request for a certificate; approvers decide, signers sign, and neither does the other's."""

from __future__ import annotations

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of, key_of
from controlplane.server.access.decision import Decision
from controlplane.server.admission.certificates import CertificateRequests
from controlplane.server.admission.review import Operation, Review
from controlplane.server.sources import Sources
from controlplane.server.users import Attributes, Caller, User
from protos.v1.certificates_pb2 import CertificateSigningRequest
from tests.support.requests import API_CLIENT, make_pem, make_request

KIND = registry.CERTIFICATE_SIGNING_REQUESTS
PEM = make_pem("ann")
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
ANN = User("ann", frozenset({"team", "admins"}), "17", (("scopes", ("read", "write")),))


class Leave:
    """Allows these verbs on these signers."""

    def __init__(self, *allowed: tuple[str, str]) -> None:
        self._allowed = allowed

    def decide(self, user: User, asked: Attributes) -> Decision:
        assert (asked.group, asked.resource) == ("certificates.k8s.io", "signers")
        return Decision((asked.verb, asked.name) in self._allowed)


EVERYTHING = Leave(("approve", API_CLIENT), ("sign", API_CLIENT))


def new_request(*conditions: str) -> CertificateSigningRequest:
    request = make_request("csr", PEM, signer=API_CLIENT, usages=["client auth"])
    for condition in conditions:
        request.status.conditions.add(type=condition, status="True", reason="Before")
    return request


def admit(
    new: CertificateSigningRequest, old: CertificateSigningRequest | None = None, subresource: str = "",
    leave: Leave = EVERYTHING,
) -> CertificateSigningRequest:  # fmt: skip
    plugin = CertificateRequests(leave, Sources(now=lambda: 1_800_000_000.0))
    operation: Operation = "create" if old is None else "update"
    review = Review(Caller(ANN), operation, KIND, key_of(new), copy_of(new), old, subresource)
    plugin.complete(review)
    plugin.check(review)
    assert isinstance(review.obj, CertificateSigningRequest)
    return review.obj


def test_the_requester_is_the_caller_whatever_the_request_says() -> None:
    request = new_request()
    request.spec.username, request.spec.uid = "system:admin", "0"
    request.spec.groups.append("system:masters")
    request.spec.extra["scopes"].items.append("all")
    spec = admit(request).spec
    assert (spec.username, spec.uid, list(spec.groups)) == ("ann", "17", ["admins", "team"])
    assert {key: list(value.items) for key, value in spec.extra.items()} == {"scopes": ["read", "write"]}


def test_an_approver_puts_no_certificate_in() -> None:
    new = new_request("Approved")
    new.status.certificate = CERTIFICATE
    status = admit(new, new_request(), "approval").status
    assert (status.certificate, [c.type for c in status.conditions]) == (b"", ["Approved"])
    assert status.conditions[0].last_update_time.seconds == 1_800_000_000
    assert status.conditions[0].last_transition_time.seconds == 1_800_000_000


def test_a_signer_decides_nothing() -> None:
    new = new_request("Approved")
    new.status.certificate = CERTIFICATE
    status = admit(new, new_request(), "status").status
    assert (status.certificate, list(status.conditions)) == (CERTIFICATE, [])


def test_a_signer_leaves_the_decision_as_it_is() -> None:
    new = new_request("Failed")
    status = admit(new, new_request("Approved"), "status").status
    assert [c.type for c in status.conditions] == ["Approved", "Failed"]


@pytest.mark.parametrize("name", [API_CLIENT, "kubernetes.io/*"])
def test_leave_is_given_for_a_signer_or_for_all_of_a_domain(name: str) -> None:
    admit(new_request("Approved"), new_request(), "approval", Leave(("approve", name)))


@pytest.mark.parametrize(("subresource", "verb"), [("approval", "approve"), ("status", "sign")])
def test_without_leave_nothing_is_decided_or_signed(subresource: str, verb: str) -> None:
    other = "sign" if verb == "approve" else "approve"
    new = new_request("Approved" if verb == "approve" else "Failed")
    told = f'user not permitted to {verb} requests with signerName "{API_CLIENT}"'
    with pytest.raises(errors.Forbidden, match=told):
        admit(new, new_request(), subresource, Leave((other, API_CLIENT), (verb, "example.com/*")))


def test_what_was_signed_stays_signed() -> None:
    old = new_request("Approved")
    old.status.certificate = CERTIFICATE
    new = copy_of(old)
    new.status.certificate = CERTIFICATE.replace(b"AAAA", b"BBBB")
    with pytest.raises(errors.Invalid, match="certificate"):
        admit(new, old, "status")
