"""Requests for certificates, made as openssl would make them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from protos.v1 import certificates_pb2 as certificates

KEY = ec.generate_private_key(ec.SECP256R1())
NODE_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
API_CLIENT = "kubernetes.io/kube-apiserver-client"
FOR_CLIENTS = ("digital signature", "client auth")
FOR_SERVERS = ("digital signature", "server auth")


def make_pem(
    common_name: str, groups: Sequence[str] = (), *, names: Sequence[str] = (), addresses: Sequence[str] = (),
    emails: Sequence[str] = (), uris: Sequence[str] = (), key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY,
) -> bytes:  # fmt: skip
    """A request (PKCS #10) as PEM text."""
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    if common_name:
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    others: list[x509.GeneralName] = [
        *map(x509.DNSName, names), *(x509.IPAddress(ip_address(one)) for one in addresses),
        *map(x509.RFC822Name, emails), *map(x509.UniformResourceIdentifier, uris),
    ]  # fmt: skip
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_request(
    name: str, pem: bytes, *, signer: str = NODE_CLIENT, usages: Sequence[str] = FOR_CLIENTS, seconds: int | None = None
) -> certificates.CertificateSigningRequest:
    request = certificates.CertificateSigningRequest()
    request.metadata.name = name
    request.spec.request = pem
    request.spec.signer_name = signer
    request.spec.usages.extend(usages)
    if seconds is not None:
        request.spec.expiration_seconds = seconds
    return request
