"""How a new node gets its certificate: by a bootstrap token, knowing of the cluster but the hash of its authority.

The server shows its authority when TLS begins. Nothing is sent before that authority's key has the hash that the operator
was given (`sha256:HEX`, as kubeadm's --discovery-token-ca-cert-hash); the token then goes to this authority's server alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from controlplane.api import certificates as requests
from controlplane.api import errors, registry
from controlplane.api.objects import find_condition
from controlplane.client.client import Client
from controlplane.client.connection import SERVER_NAME, Connection
from protos.v1 import certificates_pb2 as certificates
from protos.v1.resources_pb2 import WatchEvent

_NODES = "system:nodes"
_NODE_PREFIX = "system:node:"
_SCHEME = "sha256:"
_ANSWER_SECONDS = 10.0
_PIECE = 64 << 10
_PAUSE_SECONDS = 1.0


class JoinError(Exception):
    """The node cannot join; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a node has after it joined, all PEM text."""

    ca: bytes
    certificate: bytes
    key: bytes


def public_key_hash(certificate: x509.Certificate) -> str:
    """`sha256:` and the hash of the certificate's public key, by which an authority is known."""
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return _SCHEME + hashlib.sha256(key).hexdigest()


async def join(address: str, token: str, node: str, *, ca: bytes = b"", ca_hashes: Sequence[str] = ()) -> Joined:
    """Gets the certificate of the node's agent. `address` is the server's for tokens; `ca` or `ca_hashes` says which
    authority it must be of. Raises JoinError, or StatusError when the server refuses. Whoever calls sets the deadline: it
    may take as long as somebody needs to approve."""
    ca = ca or await discover(address, ca_hashes)
    key = ec.generate_private_key(ec.SECP256R1())
    async with Client(Connection(address, ca, token=token)) as client:
        certificate = await request_certificate(client, node, key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    return Joined(ca, certificate, private)


async def discover(address: str, ca_hashes: Sequence[str]) -> bytes:
    """The authority of the server at the address, as PEM text, if its public key has one of the hashes. Raises JoinError."""
    wrong = [text for text in ca_hashes if not text.startswith(_SCHEME) or len(text) != len(_SCHEME) + 64]
    if wrong or not ca_hashes:
        told = ", ".join(wrong) or "none given"
        raise JoinError(f"the authority's hash must be of the form {_SCHEME}HEX with 64 digits: {told}")
    for certificate in await _chain(address):
        if _is_authority(certificate) and any(
            hmac.compare_digest(public_key_hash(certificate), text.lower()) for text in ca_hashes
        ):
            return certificate.public_bytes(serialization.Encoding.PEM)
    raise JoinError(
        f"none of the certificates that {address} shows is an authority with the hash {', '.join(ca_hashes)}; it is not the "
        "cluster that the hash is of, or somebody stands in between"
    )


async def _chain(address: str) -> Sequence[x509.Certificate]:
    """The certificates that a server shows, believed by nobody yet."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            try:
                return await _handshake(reader, writer)
            finally:
                writer.close()
    except (OSError, SSL.Error, ValueError) as error:
        why = str(error) or type(error).__name__
        raise JoinError(f"{address}: no TLS with it: {why}; is it the server's address for tokens?") from error


async def _handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Sequence[x509.Certificate]:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_alpn_protos([b"h2"])
    connection = SSL.Connection(context, None)
    connection.set_tlsext_host_name(SERVER_NAME.encode())
    connection.set_connect_state()
    while True:
        try:
            connection.do_handshake()
            return connection.get_peer_cert_chain(as_cryptography=True) or ()
        except SSL.WantReadError:
            writer.write(connection.bio_read(_PIECE))
            received = await reader.read(_PIECE)
            if not received:
                raise ConnectionError("the server closed the connection") from None
            connection.bio_write(received)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


async def request_certificate(client: Client, node: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """A client certificate for the node's agent, once the request for it was approved and signed. Raises JoinError when it
    was denied."""
    made = await client.create(_request(node, key))
    async for request in _versions(client, made):
        for word in ("Denied", "Failed"):
            found = find_condition(request.status.conditions, word)
            if found is not None:
                name = request.metadata.name
                raise JoinError(f'certificatesigningrequests "{name}": {word.lower()}: {found.message or found.reason}')
        if request.status.certificate:
            return request.status.certificate
    raise AssertionError("a watch ends by an error only")


def _request(node: str, key: ec.EllipticCurvePrivateKey) -> certificates.CertificateSigningRequest:
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _NODES),
        x509.NameAttribute(NameOID.COMMON_NAME, _NODE_PREFIX + node),
    ]
    signed = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    request = certificates.CertificateSigningRequest()
    request.metadata.generate_name = "node-csr-"
    request.spec.request = signed.public_bytes(serialization.Encoding.PEM)
    request.spec.signer_name = requests.NODE_CLIENT
    request.spec.usages.extend(["digital signature", "client auth"])
    return request


async def _versions(
    client: Client, request: certificates.CertificateSigningRequest
) -> AsyncIterator[certificates.CertificateSigningRequest]:
    """The request now and after every change, across lost connections."""
    kind, name = registry.CERTIFICATE_SIGNING_REQUESTS, request.metadata.name
    while True:
        yield request
        try:
            version = request.metadata.resource_version
            async for batch in client.watch(kind, fields=f"metadata.name={name}", resource_version=version):
                for change in batch:
                    if change.type == WatchEvent.DELETED:
                        raise JoinError(f'certificatesigningrequests "{name}" was deleted before it was signed; join again')
                    if change.object is not None:
                        yield change.object
        except (errors.Expired, errors.Unavailable):
            await asyncio.sleep(_PAUSE_SECONDS)
        request = await _read(client, name)


async def _read(client: Client, name: str) -> certificates.CertificateSigningRequest:
    while True:
        try:
            return await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, name)
        except errors.Unavailable:
            await asyncio.sleep(_PAUSE_SECONDS)
