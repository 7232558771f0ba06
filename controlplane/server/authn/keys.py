"""The keys that service-account tokens are signed with, and the public halves that they are checked with.

The algorithm belongs to the key, never to the token: a token cannot choose how it is checked.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_END = b"-----END "


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, known to tokens as `id`."""

    id: str
    key: PublicKey
    algorithm: str


@dataclass(frozen=True, slots=True)
class Signer:
    key: PrivateKey
    verifier: Verifier


def signer(pem: bytes) -> Signer:
    """Raises ValueError for what is no private key of a kind that can sign tokens."""
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a service account's signing key must be an EC or RSA private key")
    return Signer(key, _verifier(key.public_key()))


def verifiers(pems: Iterable[bytes]) -> dict[str, Verifier]:
    """Every key in the files, by id. A file may hold several keys; private ones stand for their public halves."""
    found = [_verifier(_public(block)) for pem in pems for block in _blocks(pem)]
    return {verifier.id: verifier for verifier in found}


def _verifier(key: PublicKey) -> Verifier:
    algorithm = _BY_CURVE.get(key.curve.name, "") if isinstance(key, ec.EllipticCurvePublicKey) else "RS256"
    if not algorithm:
        raise ValueError("a service account's key must be on the curve P-256, P-384 or P-521, or an RSA key")
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha256(encoded).digest()
    return Verifier(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), key, algorithm)


def _public(block: bytes) -> PublicKey:
    if b"PRIVATE KEY" in block:
        return signer(block).key.public_key()
    key = serialization.load_pem_public_key(block)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError("a service account's public key must be an EC or RSA key")
    return key


def _blocks(pem: bytes) -> list[bytes]:
    """The PEM texts of a file, one each."""
    blocks, current = [], b""
    for line in pem.splitlines(keepends=True):
        current += line
        if line.startswith(_END):
            blocks.append(current)
            current = b""
    return blocks
