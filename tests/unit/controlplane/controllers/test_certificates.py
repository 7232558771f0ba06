"""What becomes of a request for a certificate, and when it goes."""

from __future__ import annotations

import pytest

from controlplane.api import times
from controlplane.controllers.certificates import Ask, Fail, Sign, Step, next_step, plan_clearing_away
from protos.v1.certificates_pb2 import CertificateSigningRequest
from tests.support.requests import API_CLIENT, SERVING, make_pem, make_request
from tests.support.simulation import LaggingView, Store

NOW = 1_800_000_000.0
HOUR, YEAR = 3600, 365 * 86_400
NODE = make_pem("system:node:n1", ["system:nodes"])
VIEW = LaggingView(Store())


def step(request: CertificateSigningRequest) -> Step | None:
    return next_step(request, longest_seconds=YEAR)


def node_request(
    *conditions: str, by: str = "system:bootstrap:abcdef", seconds: int | None = None
) -> CertificateSigningRequest:
    request = make_request("csr", NODE, seconds=seconds)
    request.spec.username = by
    for condition in conditions:
        request.status.conditions.add(type=condition, status="True")
    return request


def test_who_joins_a_node_is_asked_about() -> None:
    assert step(node_request()) == Ask(("nodeclient",))


def test_a_node_may_renew_its_own_and_is_asked_about_that_first() -> None:
    assert step(node_request(by="system:node:n1")) == Ask(("selfnodeclient", "nodeclient"))
    assert step(node_request(by="system:node:n2")) == Ask(("nodeclient",))


@pytest.mark.parametrize(
    "request_",
    [
        make_request("csr", make_pem("ann"), signer=API_CLIENT),
        make_request("csr", make_pem("system:node:n1", ["system:nodes"], names=["n1"]), signer=SERVING),
        make_request("csr", make_pem("system:node:n1", ["system:masters"])),
        make_request("csr", b"nothing"),
    ],
    ids=["a user's", "a server's", "no node's", "no request"],
)
def test_all_else_waits_for_somebody(request_: CertificateSigningRequest) -> None:
    assert step(request_) is None


@pytest.mark.parametrize(
    ("asked", "granted"),
    [(None, YEAR), (HOUR, HOUR), (10 * YEAR, YEAR), (1, 600)],
    ids=["any", "less", "more", "too little"],
)
def test_what_is_approved_is_signed_for_as_long_as_was_asked_but_no_longer_than_may_be(
    asked: int | None, granted: int
) -> None:
    assert step(node_request("Approved", seconds=asked)) == Sign(granted)


@pytest.mark.parametrize("decided", [("Denied",), ("Approved", "Denied"), ("Approved", "Failed")])
def test_what_is_denied_or_failed_is_left_alone(decided: tuple[str, ...]) -> None:
    assert step(node_request(*decided)) is None


def test_what_is_signed_is_left_alone() -> None:
    request = node_request("Approved")
    request.status.certificate = b"PEM"
    assert step(request) is None


def test_an_approved_request_that_its_signer_does_not_grant_fails() -> None:
    request = make_request("csr", make_pem("ann"), usages=("server auth",))
    request.status.conditions.add(type="Approved", status="True")
    found = step(request)
    assert isinstance(found, Fail)
    assert found.reason == "SignerValidationFailure"
    broken = make_request("csr", b"nothing")
    broken.status.conditions.add(type="Approved", status="True")
    assert isinstance(step(broken), Fail)


def test_requests_to_other_signers_are_theirs() -> None:
    request = make_request("csr", NODE, signer="example.com/own")
    request.status.conditions.add(type="Approved", status="True")
    assert step(request) is None


def aged(hours: float, *conditions: str) -> CertificateSigningRequest:
    request = node_request(*conditions)
    request.metadata.creation_timestamp.CopyFrom(times.to_time(NOW - 30 * HOUR if conditions else NOW - hours * HOUR))
    for condition in request.status.conditions:
        condition.last_update_time.CopyFrom(times.to_time(NOW - hours * HOUR))
    return request


@pytest.mark.parametrize(
    ("request_", "left"),
    [(aged(0.5, "Approved"), HOUR / 2), (aged(0.5, "Denied"), HOUR / 2), (aged(23), HOUR),
     (aged(0.25, "Approved", "Failed"), 2700)],
    ids=["approved", "denied", "pending", "failed"],
)  # fmt: skip
def test_a_request_is_looked_at_again_when_its_time_is_over(request_: CertificateSigningRequest, left: float) -> None:
    plan = plan_clearing_away(request_, VIEW, NOW)
    assert not plan.writes
    assert plan.requeue_after == left


@pytest.mark.parametrize(
    "request_", [aged(1, "Approved"), aged(1, "Denied"), aged(24)], ids=["approved", "denied", "pending"]
)
def test_a_request_whose_time_is_over_goes(request_: CertificateSigningRequest) -> None:
    assert plan_clearing_away(request_, VIEW, NOW).deletes == [request_]
