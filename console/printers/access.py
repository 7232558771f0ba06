"""Roles, bindings, service accounts and certificate requests in rows."""

from __future__ import annotations

from collections.abc import Iterable

from console.printers.ages import age, since
from console.printers.columns import NONE, Column, Table
from console.printers.config import existence
from console.printers.limits import created_at
from protos.v1 import certificates_pb2 as certificates
from protos.v1 import core_pb2 as core
from protos.v1 import rbac_pb2 as rbac

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)
_CREATED = Column("CREATED AT", priority=1)


def _account_cells(account: core.ServiceAccount, now: float) -> tuple[str, ...]:
    return (account.metadata.name, str(len(account.secrets)), since(account.metadata.creation_timestamp, now))


def _role_cells(role: rbac.Role | rbac.ClusterRole, _now: float) -> tuple[str, ...]:
    return (role.metadata.name, created_at(role))


def _binding_cells(binding: rbac.RoleBinding | rbac.ClusterRoleBinding, now: float) -> tuple[str, ...]:
    return (
        binding.metadata.name,
        f"{binding.role_ref.kind}/{binding.role_ref.name}",
        since(binding.metadata.creation_timestamp, now),
        _subjects(binding.subjects, "User"),
        _subjects(binding.subjects, "Group"),
        _subjects(binding.subjects, "ServiceAccount"),
    )


def _subjects(subjects: Iterable[rbac.Subject], kind: str) -> str:
    """`jane, joe`; service accounts with their namespaces."""
    return ", ".join(f"{s.namespace}/{s.name}" if s.namespace else s.name for s in subjects if s.kind == kind)


def _request_cells(request: certificates.CertificateSigningRequest, now: float) -> tuple[str, ...]:
    spec = request.spec
    return (
        request.metadata.name,
        since(request.metadata.creation_timestamp, now),
        spec.signer_name,
        spec.username,
        age(spec.expiration_seconds) if spec.HasField("expiration_seconds") else NONE,
        _request_status(request),
    )


def _request_status(request: certificates.CertificateSigningRequest) -> str:
    """`Pending`, `Approved`, `Denied`, `Failed`, with `Issued` once there is a certificate."""
    types = {condition.type for condition in request.status.conditions}
    decided = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    return ",".join(
        [decided, *(["Failed"] if "Failed" in types else []), *(["Issued"] if request.status.certificate else [])]
    )


SERVICE_ACCOUNTS = Table((_NAME, Column("SECRETS", right=True), _AGE), _account_cells, existence)
ROLES = Table((_NAME, _CREATED), _role_cells, existence)
BINDINGS = Table(
    (
        _NAME, Column("ROLE"), _AGE, Column("USERS", wide=True, priority=2), Column("GROUPS", wide=True, priority=2),
        Column("SERVICEACCOUNTS", wide=True, priority=2),
    ),
    _binding_cells, existence,
)  # fmt: skip
CERTIFICATE_SIGNING_REQUESTS = Table(
    (
        _NAME, _AGE, Column("SIGNERNAME", priority=2), Column("REQUESTOR", priority=1),
        Column("REQUESTEDDURATION", priority=3), Column("CONDITION"),
    ),
    _request_cells, _request_status,
)  # fmt: skip
