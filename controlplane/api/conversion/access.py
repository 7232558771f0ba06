"""What authorization.k8s.io/v1beta1 and certificates.k8s.io/v1beta1 had otherwise: a name, and what was assumed."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.x509.oid import NameOID

from controlplane.api.conversion.documents import Doc, items, made, move, part

_KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
_KUBELET_SERVING = "kubernetes.io/kubelet-serving"
_UNKNOWN = "kubernetes.io/legacy-unknown"
_CLIENT_USAGES = ({"digital signature", "client auth"}, {"key encipherment", "digital signature", "client auth"})
_SERVING_USAGES = ({"digital signature", "server auth"}, {"key encipherment", "digital signature", "server auth"})
_NODE = "system:node:"


def access_review_in(doc: Doc) -> None:
    move(part(doc, "spec"), "group", "groups")


def access_review_out(doc: Doc) -> None:
    move(part(doc, "spec"), "groups", "group")


def signing_request_in(doc: Doc) -> None:
    """Nobody had to name a signer: what the request is for, and of whom, told which one was meant."""
    spec = made(doc, "spec")
    if spec.get("usages") is None:
        spec["usages"] = ["digital signature", "key encipherment"]
    if not spec.get("signerName"):
        spec["signerName"] = _signer(spec)
    for condition in items(doc, "status", "conditions"):
        condition["status"] = condition.get("status") or "True"


def _signer(spec: Doc) -> str:
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
