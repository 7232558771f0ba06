"""The cluster's own certificate authority: made at first start, signs who everybody is."""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_DAYS = 3650
_LEAF_DAYS = 365
_EARLY = datetime.timedelta(hours=1)  # for clocks that are a little behind


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM text."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate is for: `name` and `groups` as a user, `hosts` (names and addresses) as a server."""

    name: str
    groups: Sequence[str] = ()
    hosts: Sequence[str] = ()


def make_ca(name: str, now: datetime.datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def issue(ca: Pair, identity: Identity, now: datetime.datetime) -> Pair:
    """A certificate for `identity`, good as a client and as a server."""
    authority = x509.load_pem_x509_certificate(ca.certificate)
    authority_key = serialization.load_pem_private_key(ca.key, None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    subject = x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, identity.name)])
    builder = (
        _builder(subject, authority.subject, key.public_key(), now, _LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if identity.hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in identity.hosts])
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256())
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False)  # fmt: skip


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Directory:
    """Certificates as files: `NAME.crt` and `NAME.key`, the authority as `ca`. `sa.key` signs the tokens of service
    accounts, `sa.pub` is its public half."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ca(self, now: datetime.datetime) -> Pair:
        """The authority; made when there is none."""
        return self.load("ca") or self._store("ca", make_ca("orlop", now))

    def ensure(self, name: str, identity: Identity, now: datetime.datetime) -> Pair:
        """The certificate called `name`; issued when there is none for exactly these hosts, or it ends soon."""
        pair = self.load(name)
        if pair is not None and _is_good(pair.certificate, identity, now):
            return pair
        return self._store(name, issue(self.ca(now), identity, now))

    def load(self, name: str) -> Pair | None:
        certificate, key = self.path / f"{name}.crt", self.path / f"{name}.key"
        if not certificate.exists() or not key.exists():
            return None
        return Pair(certificate.read_bytes(), key.read_bytes())

    def required(self, name: str) -> Pair:
        """Raises LookupError for one that is not there."""
        pair = self.load(name)
        if pair is None:
            raise LookupError(
                f"{self.path}: no certificate {name}.crt with its key; make them with `python -m controlplane.main pki`"
            )
        return pair

    def authority(self) -> bytes:
        """The certificate of the cluster's CA; its key may be elsewhere. Raises LookupError if it is not there."""
        path = self.path / "ca.crt"
        if not path.exists():
            raise LookupError(f"{path}: no such file; make it with `python -m controlplane.main pki`")
        return path.read_bytes()

    def ensure_token_key(self) -> bytes:
        """The key that signs the tokens of service accounts; made when there is none."""
        private, public = self.path / "sa.key", self.path / "sa.pub"
        if not private.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(public, _public_pem(key), 0o644)
            _write(private, _pem(key), 0o600)
        return private.read_bytes()

    def token_key(self) -> bytes | None:
        """The key that signs the tokens of service accounts, if there is one."""
        path = self.path / "sa.key"
        return path.read_bytes() if path.exists() else None

    def ensure_text(self, name: str, make: Callable[[], str]) -> None:
        """A file that only its owner may read; made when there is none."""
        path = self.path / name
        if not path.exists():
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, make().encode(), 0o600)

    def _store(self, name: str, pair: Pair) -> Pair:
        """The key goes first: a certificate that is there has its key."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self.path / f"{name}.key", pair.key, 0o600)
        _write(self.path / f"{name}.crt", pair.certificate, 0o644)
        return pair


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _is_good(pem: bytes, identity: Identity, now: datetime.datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(pem)
    if certificate.not_valid_after_utc - now < datetime.timedelta(days=30):
        return False
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return not identity.hosts
    return {_general_name(host) for host in identity.hosts} <= set(names)
