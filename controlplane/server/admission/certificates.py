"""CertificateSigningRequests: who asks is written into them; who approves or signs needs the signer's leave to.

RBAC's verbs for that are `approve` and `sign`, on `signers` by name (`kubernetes.io/kubelet-serving`, or `kubernetes.io/*`).
"""

from __future__ import annotations

from typing import Any, Protocol

from controlplane.api import certificates as requests
from controlplane.api import errors, times, validation
from controlplane.server.admission.review import Review
from controlplane.server.authz import Decision
from controlplane.server.refusals import refuse
from controlplane.server.sources import Sources
from controlplane.server.users import NODE_PREFIX, Attributes, User
from protos.v1 import certificates_pb2 as certificates

_DECISIONS = frozenset({"Approved", "Denied"})


class Decides(Protocol):
    def decide(self, user: User, asked: Attributes) -> Decision: ...


class CertificateRequests:
    def __init__(self, authorizer: Decides, sources: Sources) -> None:
        self._authorizer, self._sources = authorizer, sources

    def complete(self, review: Review) -> None:
        request, old = review.obj, review.old
        if not isinstance(request, certificates.CertificateSigningRequest):
            return
        if review.operation == "create":
            _set_requester(request.spec, review.caller.user)
        elif isinstance(old, certificates.CertificateSigningRequest) and review.subresource:
            _keep(old.status, request.status, review.subresource)
            self._date(request.status)

    def check(self, review: Review) -> None:
        request, old = review.obj, review.old
        if not isinstance(request, certificates.CertificateSigningRequest):
            return
        if review.operation == "create":
            self._check_new(review, request)
        elif isinstance(old, certificates.CertificateSigningRequest) and review.subresource and old.status != request.status:
            problems = [
                *validation.problems_of(review.kind, request),
                *validation.update_problems(review.kind, old, request),
            ]
            refuse(review.kind, request, problems)
            self._check_leave(review, request, "approve" if review.subresource == "approval" else "sign")

    def _check_new(self, review: Review, request: certificates.CertificateSigningRequest) -> None:
        signer = request.spec.signer_name
        try:
            asked = requests.read(request.spec.request)
        except ValueError as error:
            problem = errors.Problem("spec.request", f"Invalid value: {error}")
            raise errors.invalid(review.kind.resource, request.metadata.name, [problem]) from error
        if signer == requests.API_CLIENT and requests.MASTERS in asked.organizations:
            raise _refusal(review, f"use of {signer} signer with {requests.MASTERS} group is not allowed")
        node = review.caller.user.node
        if node and signer in (requests.NODE_CLIENT, requests.NODE_SERVING) and asked.common_name != NODE_PREFIX + node:
            raise _refusal(review, f"can only create a node CSR with CN={NODE_PREFIX}{node}")

    def _check_leave(self, review: Review, request: certificates.CertificateSigningRequest, verb: str) -> None:
        signer = request.spec.signer_name
        for name in (signer, signer.partition("/")[0] + "/*"):
            asked = Attributes(verb, review.kind.group, review.kind.version, "signers", name=name)
            if self._authorizer.decide(review.caller.user, asked).allowed:
                return
        raise _refusal(review, f'user not permitted to {verb} requests with signerName "{signer}"')

    def _date(self, status: certificates.CertificateSigningRequestStatus) -> None:
        """New conditions get their times here if they bring none."""
        now = times.to_time(self._sources.now())
        for condition in status.conditions:
            if not condition.HasField("last_update_time"):
                condition.last_update_time.CopyFrom(now)
            if not condition.HasField("last_transition_time"):
                condition.last_transition_time.CopyFrom(now)


def _set_requester(spec: certificates.CertificateSigningRequestSpec, user: User) -> None:
    spec.username, spec.uid = user.name, user.uid
    spec.groups[:] = sorted(user.groups)
    spec.extra.clear()
    for key, values in user.extra:
        spec.extra[key].items.extend(values)


def _keep(
    old: certificates.CertificateSigningRequestStatus, new: certificates.CertificateSigningRequestStatus, subresource: str
) -> None:
    """An approver decides and leaves the rest alone; a signer leaves decisions alone."""
    if subresource == "approval":
        new.certificate = old.certificate
        _replace(
            new, [c for c in new.conditions if c.type in _DECISIONS], [c for c in old.conditions if c.type not in _DECISIONS]
        )
    else:
        _replace(
            new, [c for c in old.conditions if c.type in _DECISIONS], [c for c in new.conditions if c.type not in _DECISIONS]
        )


def _replace(status: certificates.CertificateSigningRequestStatus, *parts: list[Any]) -> None:
    copies = [
        certificates.CertificateSigningRequestCondition.FromString(c.SerializeToString()) for part in parts for c in part
    ]
    status.ClearField("conditions")
    status.conditions.extend(copies)


def _refusal(review: Review, why: str) -> errors.Forbidden:
    name = review.key.name
    return errors.Forbidden(
        f'{review.kind.resource} "{name}" is forbidden: {why}', kind=review.kind.resource, name=name
    )  # fmt: skip
