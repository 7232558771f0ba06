"""Rules for CertificateSigningRequests. Whether the request is properly signed is the server's business, which parses it."""

from __future__ import annotations

import re

from controlplane.api import names
from controlplane.api.rules.places import IMMUTABLE, Place, report_duplicates
from protos.v1 import certificates_pb2 as certificates

USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_DECISIONS = ("Approved", "Denied")
_ONCE = (*_DECISIONS, "Failed")
_STATUSES = ("False", "True", "Unknown")
_LEAST_SECONDS = 600
_LONGEST_SIGNER = 571
_LEGACY = "kubernetes.io/legacy-unknown"
_PEM = re.compile(
    rb"\s*-----BEGIN (?P<label>[A-Z0-9 ]+)-----\s[A-Za-z0-9+/=\s]+-----END (?P=label)-----\s*", re.ASCII
)  # fmt: skip
_REQUEST_LABELS = (b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")


def check_signing_request(at: Place, request: certificates.CertificateSigningRequest) -> None:
    spec, place = request.spec, at / "spec"
    if not spec.request:
        (place / "request").required("PEM block type must be CERTIFICATE REQUEST")
    elif not _is_request(spec.request):
        (place / "request").invalid("<bytes>", "PEM block type must be CERTIFICATE REQUEST")
    _check_signer(place / "signerName", spec.signer_name)
    if not spec.usages:
        (place / "usages").required("usages must be specified")
    for one, usage in (place / "usages").each(spec.usages):
        one.one_of(usage, USAGES)
    report_duplicates(place / "usages", list(spec.usages))
    if spec.HasField("expiration_seconds") and spec.expiration_seconds < _LEAST_SECONDS:
        (place / "expirationSeconds").invalid(
            spec.expiration_seconds, f"may not specify a duration less than {_LEAST_SECONDS} seconds (10 minutes)"
        )
    _check_conditions(at / "status" / "conditions", request.status)
    if request.status.certificate and not _are_certificates(request.status.certificate):
        (at / "status" / "certificate").invalid("<certificate data>", "must contain one or more PEM blocks of CERTIFICATE")


def _is_request(text: bytes) -> bool:
    found = _PEM.fullmatch(text)
    return found is not None and found["label"] in _REQUEST_LABELS


def _are_certificates(text: bytes) -> bool:
    end = 0
    while end < len(text):
        found = _PEM.match(text, end)
        if found is None or found["label"] != b"CERTIFICATE":
            return False
        end = found.end()
    return True


def _check_signer(at: Place, name: str) -> None:
    """`example.com/signer-name`"""
    domain, slash, path = name.partition("/")
    if not name:
        at.required()
    elif len(name) > _LONGEST_SIGNER:
        at.too_long(_LONGEST_SIGNER)
    elif not slash or "/" in path or not path:
        at.invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
    elif wrong := names.dns_subdomain(domain) or names.dns_subdomain(path):
        at.invalid(name, wrong)
    elif "." not in domain:
        at.invalid(name, "should be a domain with at least two segments separated by dots")
    elif name == _LEGACY:
        at.invalid(name, "the legacy signerName is not allowed via this API version")


def _check_conditions(at: Place, status: certificates.CertificateSigningRequestStatus) -> None:
    for place, condition in at.each(status.conditions):
        (place / "type").needs(condition.type)
        (place / "status").one_of(condition.status, ("True",) if condition.type in _ONCE else _STATUSES)
    types = [condition.type for condition in status.conditions]
    report_duplicates(at, types, "type")
    if all(decision in types for decision in _DECISIONS):
        at[max(map(types.index, _DECISIONS))].invalid(
            types[max(map(types.index, _DECISIONS))], "Approved and Denied conditions are mutually exclusive"
        )


def check_signing_request_update(
    at: Place, old: certificates.CertificateSigningRequest, new: certificates.CertificateSigningRequest
) -> None:
    """What is asked for stands, and so does what was decided."""
    if old.spec != new.spec:
        (at / "spec").forbidden(IMMUTABLE)
    conditions = at / "status" / "conditions"
    kept = {condition.type for condition in new.status.conditions}
    for condition in old.status.conditions:
        if condition.type in _ONCE and condition.type not in kept:
            conditions.forbidden(f'updates may not remove a condition of type "{condition.type}"')
    if old.status.certificate and old.status.certificate != new.status.certificate:
        (at / "status" / "certificate").forbidden("updates may not set certificate content that is already set")
