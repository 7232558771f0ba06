"""Keys that sign tokens, and those that check them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from controlplane.server.authn import keys

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_file_may_hold_several_keys_and_private_ones_stand_for_their_public_halves() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    found = keys.verifiers([public_pem(EC) + private_pem(RSA), public_pem(other)])
    assert sorted(verifier.algorithm for verifier in found.values()) == ["ES256", "ES384", "RS256"]


def test_a_key_has_one_name_wherever_it_is_read() -> None:
    assert list(keys.verifiers([public_pem(EC)])) == [keys.signer(private_pem(EC)).verifier.id]


@pytest.mark.parametrize(
    "pem",
    [b"nothing", public_pem(EC), private_pem(ed25519.Ed25519PrivateKey.generate()),
     private_pem(ec.generate_private_key(ec.SECP256K1()))],
    ids=["no key", "public", "ed25519", "another curve"],
)  # fmt: skip
def test_what_cannot_sign_tokens_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        keys.signer(pem)
