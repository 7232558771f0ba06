"""Who calls: a name and groups, as the certificate's common name and organisations say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

MASTERS = "system:masters"
NODES = "system:nodes"
NODE_PREFIX = "system:node:"
SCHEDULER = "system:kube-scheduler"
CONTROLLER_MANAGER = "system:kube-controller-manager"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: frozenset[str] = frozenset()

    @property
    def node(self) -> str:
        """The node whose agent this is, or empty."""
        return self.name.removeprefix(NODE_PREFIX) if NODES in self.groups and self.name.startswith(NODE_PREFIX) else ""


@lru_cache(maxsize=4096)
def from_certificate(pem: bytes) -> User:
    """The user that a client certificate names. The TLS layer has checked the certificate already."""
    subject = x509.load_pem_x509_certificate(pem).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return User(str(names[0].value) if names else "", frozenset(str(group.value) for group in groups))
