"""Where etcd is and how to prove who one is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`addresses` are host:port; the PEM texts are the CA to trust and the certificate and key to show."""

    addresses: tuple[str, ...]
    ca: bytes = b""
    certificate: bytes = b""
    key: bytes = b""
