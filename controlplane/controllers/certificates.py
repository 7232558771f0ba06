"""What becomes of a request for a certificate: who is approved without being asked about, what is signed, what is cleared
away. The signing itself is the manager's (`controlplane/manager/signing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from controlplane.api import certificates as requests
from controlplane.api import times
from controlplane.api.certificates import CertificateRequest
from controlplane.api.objects import find_condition
from controlplane.controllers.plan import NOTHING, Delete, Plan, plan_of
from controlplane.controllers.view import View
from protos.v1 import certificates_pb2 as certificates

_HOUR = 3600.0
_DECIDED_SECONDS = _HOUR
_PENDING_SECONDS = 24 * _HOUR
_LEAST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Ask:
    """Approve it if its requester may create one of these subresources of certificatesigningrequests, in order."""

    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign it, for so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Fail:
    """It is approved, but its signer does not grant such certificates."""

    reason: str
    message: str


Step: TypeAlias = Ask | Sign | Fail

# permission -> what the approval says
APPROVALS = {
    "selfnodeclient": "Auto approving self kubelet client certificate after SubjectAccessReview.",
    "nodeclient": "Auto approving kubelet client certificate after SubjectAccessReview.",
}


def next_step(request: certificates.CertificateSigningRequest, *, longest_seconds: int) -> Step | None:
    """What is to be done next; None when nothing is, or somebody else has to decide. `longest_seconds` is how long any
    certificate may be good."""
    spec, status = request.spec, request.status
    if status.certificate or _has(request, "Denied") or _has(request, "Failed"):
        return None
    try:
        asked = requests.read(spec.request)
    except ValueError as error:
        return Fail("SignerValidationFailure", str(error)) if _is_ours(request) and _has(request, "Approved") else None
    if not _has(request, "Approved"):
        return _approval(spec, asked)
    if not _is_ours(request):
        return None
    if wrong := requests.problem(spec.signer_name, asked, list(spec.usages)):
        return Fail("SignerValidationFailure", wrong)
    return Sign(_seconds(spec, longest_seconds))


def _approval(spec: certificates.CertificateSigningRequestSpec, asked: CertificateRequest) -> Ask | None:
    """A node's client certificate is approved for the node itself, and for who joins nodes."""
    if not requests.is_node_client(spec.signer_name, asked, list(spec.usages)):
        return None
    return Ask(("selfnodeclient", "nodeclient") if spec.username == asked.common_name else ("nodeclient",))


def _seconds(spec: certificates.CertificateSigningRequestSpec, longest: int) -> int:
    wanted = spec.expiration_seconds if spec.HasField("expiration_seconds") else longest
    return max(_LEAST_SECONDS, min(wanted, longest))


def _is_ours(request: certificates.CertificateSigningRequest) -> bool:
    return request.spec.signer_name in requests.SIGNERS


def _has(request: certificates.CertificateSigningRequest, condition: str) -> bool:
    found = find_condition(request.status.conditions, condition)
    return found is not None and found.status == "True"


def plan_clearing_away(request: certificates.CertificateSigningRequest, _view: View, now: float) -> Plan:
    """Requests are kept for an hour after they were decided on, and for a day while nobody decides."""
    left = _ends(request) - now
    return plan_of(Delete(request)) if left <= 0 else Plan(NOTHING.writes, requeue_after=left)


def _ends(request: certificates.CertificateSigningRequest) -> float:
    decided = [
        times.to_seconds(condition.last_update_time)
        for condition in request.status.conditions
        if condition.type in ("Approved", "Denied", "Failed") and condition.HasField("last_update_time")
    ]
    if decided:
        return max(decided) + _DECIDED_SECONDS
    return times.to_seconds(request.metadata.creation_timestamp) + _PENDING_SECONDS
