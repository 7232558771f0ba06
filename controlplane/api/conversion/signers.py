"""Who was meant to sign a certificate request that names no signer: what it is for, and of whom, tells."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.x509.oid import NameOID

from controlplane.api.conversion.documents import Doc

_KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
_KUBELET_SERVING = "kubernetes.io/kubelet-serving"
_UNKNOWN = "kubernetes.io/legacy-unknown"
_CLIENT_USAGES = ({"digital signature", "client auth"}, {"key encipherment", "digital signature", "client auth"})
_SERVING_USAGES = ({"digital signature", "server auth"}, {"key encipherment", "digital signature", "server auth"})
_NODE = "system:node:"


def signer_of(spec: Doc) -> str:
    """`spec` has its usages."""
    request = _request(spec.get("request"))
    usages = {usage for usage in spec["usages"] if isinstance(usage, str)} if isinstance(spec["usages"], list) else set()
    if request is None or not _of_node(request):
        return _UNKNOWN
    names = _alternative_names(request)
    if not names and usages in _CLIENT_USAGES:
        return _KUBELET_CLIENT
    hosts = all(isinstance(name, x509.DNSName | x509.IPAddress) for name in names)
    if names and hosts and usages in _SERVING_USAGES and spec.get("username") == _common_name(request):
        return _KUBELET_SERVING
    return _UNKNOWN


def _request(text: object) -> x509.CertificateSigningRequest | None:
    try:
        return x509.load_pem_x509_csr(base64.b64decode(text)) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _common_name(request: x509.CertificateSigningRequest) -> str:
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _of_node(request: x509.CertificateSigningRequest) -> bool:
    groups = [str(name.value) for name in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return groups == ["system:nodes"] and _common_name(request).startswith(_NODE)


def _alternative_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (x509.ExtensionNotFound, ValueError):
        return []
