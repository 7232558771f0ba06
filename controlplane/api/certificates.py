"""Requests for certificates (PKCS #10): what one asks for, and which of them a signer may grant. Pure.

Signers are named `kubernetes.io/kube-apiserver-client` and the like. Each grants certificates of one sort: Kubernetes' page
on certificate signing requests says what their subject, other names and usages must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

API_CLIENT = "kubernetes.io/kube-apiserver-client"
NODE_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
NODE_SERVING = "kubernetes.io/kubelet-serving"
SIGNERS = (API_CLIENT, NODE_CLIENT, NODE_SERVING)

MASTERS = "system:masters"
_NODES = "system:nodes"
_NODE_PREFIX = "system:node:"
_LEAST_RSA_BITS = 2048
_LEAST_EC_BITS = 256
_SIGNING, _ENCIPHERING = "digital signature", "key encipherment"
_CLIENT, _SERVER = "client auth", "server auth"


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What a request asks for. `names`, `addresses`, `emails` and `uris` are its subject alternative names."""

    common_name: str
    organizations: tuple[str, ...]
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()

    @property
    def node(self) -> str:
        """The node whose agent the subject names, or empty."""
        is_node = self.organizations == (_NODES,) and self.common_name.startswith(_NODE_PREFIX)
        return self.common_name.removeprefix(_NODE_PREFIX) if is_node else ""


def read(pem: bytes) -> CertificateRequest:
    """Raises ValueError for what is no request, is not signed by its own key, or has a key that is too weak."""
    # Here and not above: most who load this package never meet a request, and the library takes a while to load.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import NameOID

    try:
        request = x509.load_pem_x509_csr(pem)
        is_signed, key = request.is_signature_valid, request.public_key()
        extensions = {extension.oid: extension.value for extension in request.extensions}
    except (
        ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
    ) as error:  # fmt: skip
        raise ValueError(f"unable to parse csr: {error}") from error
    if not is_signed:
        raise ValueError("the request is not signed by the key that it is for")
    _check_key(key)
    found = extensions.get(x509.SubjectAlternativeName.oid)
    names = found if isinstance(found, x509.SubjectAlternativeName) else x509.SubjectAlternativeName([])
    common = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return CertificateRequest(
        str(common[0].value) if common else "",
        tuple(str(group.value) for group in groups),
        tuple(names.get_values_for_type(x509.DNSName)),
        tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        tuple(names.get_values_for_type(x509.RFC822Name)),
        tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
    )


def _check_key(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match key:
        case rsa.RSAPublicKey() if key.key_size < _LEAST_RSA_BITS:
            raise ValueError(f"an RSA key of {key.key_size} bits is too weak; use at least {_LEAST_RSA_BITS}")
        case ec.EllipticCurvePublicKey() if key.curve.key_size < _LEAST_EC_BITS:
            raise ValueError(f"the curve {key.curve.name} is too weak; use P-256")
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() | ed25519.Ed25519PublicKey():
            return
        case _:
            raise ValueError("the key is of a sort that certificates are not made for; use EC, RSA or Ed25519")


def problem(signer: str, request: CertificateRequest, usages: Sequence[str]) -> str:
    """Why the signer does not grant the request, or empty."""
    rule = _RULES.get(signer)
    return rule(request, usages) if rule is not None else f"there is no signer {signer} here"


def is_node_client(signer: str, request: CertificateRequest, usages: Sequence[str]) -> bool:
    return signer == NODE_CLIENT and not _node_client_problem(request, usages)


def _client_problem(_request: CertificateRequest, usages: Sequence[str]) -> str:
    if not {_CLIENT} <= set(usages) <= {_SIGNING, _ENCIPHERING, _CLIENT}:
        return f"usages must include {_CLIENT!r} and may add {_SIGNING!r} and {_ENCIPHERING!r}"
    return ""


def _node_client_problem(request: CertificateRequest, usages: Sequence[str]) -> str:
    if wrong := _subject_problem(request):
        return wrong
    if request.names or request.addresses or request.emails or request.uris:
        return "DNS, IP, email and URI subjectAltNames are not allowed"
    return _usages_problem(usages, _CLIENT)


def _serving_problem(request: CertificateRequest, usages: Sequence[str]) -> str:
    if wrong := _subject_problem(request):
        return wrong
    if request.emails or request.uris:
        return "email and URI subjectAltNames are not allowed"
    if not request.names and not request.addresses:
        return "at least one DNS or IP subjectAltName is required"
    return _usages_problem(usages, _SERVER)


def _subject_problem(request: CertificateRequest) -> str:
    if request.organizations != (_NODES,):
        return f'subject organization is not ["{_NODES}"]'
    if not request.node:
        return f"subject common name does not begin with {_NODE_PREFIX}"
    return ""


def _usages_problem(usages: Sequence[str], purpose: str) -> str:
    """With and without key encipherment, which is for RSA keys only."""
    if set(usages) - {_ENCIPHERING} != {_SIGNING, purpose}:
        return f"usages must be {_SIGNING!r} and {purpose!r}, and may add {_ENCIPHERING!r}"
    return ""


_RULES = {API_CLIENT: _client_problem, NODE_CLIENT: _node_client_problem, NODE_SERVING: _serving_problem}
