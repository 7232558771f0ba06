"""Who the operator is, as the certificate says, and which version of the product this is."""

from __future__ import annotations


def who(certificate: bytes) -> str:
    """The common name of a PEM certificate; empty if there is none to read."""
    if not certificate:
        return ""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        names = x509.load_pem_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(names[0].value) if names else ""


def version_of_product() -> str:
    from importlib import metadata

    try:
        return f"v{metadata.version('orlop')}"
    except metadata.PackageNotFoundError:
        return ""
