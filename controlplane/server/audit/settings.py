"""What the audit log is to hold, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.server.audit.log import AuditFile
from controlplane.server.audit.policy import Policy


@dataclass(frozen=True, slots=True)
class Audit:
    policy: Policy
    file: AuditFile
