"""Who a client certificate is for. The TLS layer has checked that the cluster's authority signed it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controlplane.api import errors
from controlplane.server.users import AUTHENTICATED, CREDENTIAL_ID, User

_FOR_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


@dataclass(frozen=True, slots=True)
class Certified:
    """A user, and the times (seconds since 1970) between which the certificate is good."""

    user: User
    begins: float
    ends: float


def user_of(pem: bytes, now: float) -> User:
    """The user that the certificate names: its common name, in the groups that its organisations are.

    TLS looks at the certificate when a connection is made; a connection may outlive it, so the time is checked with every
    call. Raises Unauthorized.
    """
    certified = _read(pem)
    if not certified.begins <= now <= certified.ends:
        raise errors.Unauthorized("the client certificate has expired or is not yet valid; get a new one")
    return certified.user


@lru_cache(maxsize=4096)
def _read(pem: bytes) -> Certified:
    certificate = x509.load_pem_x509_certificate(pem)
    if not _is_for_clients(certificate):
        raise errors.Unauthorized("the certificate is not for clients: its extended key usage lacks client auth")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names or not names[0].value:
        raise errors.Unauthorized("the client certificate names nobody: its subject has no common name")
    groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    user = User(
        str(names[0].value),
        frozenset(str(group.value) for group in groups) | {AUTHENTICATED},
        extra=((CREDENTIAL_ID, (f"X509SHA256={fingerprint}",)),),
    )
    return Certified(user, certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp())


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not _FOR_CLIENTS.isdisjoint(usages)
