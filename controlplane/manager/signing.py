"""Approves and signs requests for certificates, with the cluster's authority.

Approved without being asked about are client certificates of nodes, for the node itself and for who may join nodes; that a
requester may, the API server says. All else waits for somebody with `certificate approve`.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from controlplane.api import errors, registry, times
from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.client.queue import WorkQueue
from controlplane.controllers.certificates import APPROVALS, Ask, Fail, Sign, next_step
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import certificates_pb2 as certificates

log = structlog.get_logger()

Request = certificates.CertificateSigningRequest

_WORKERS = 2
_ASK_AGAIN_SECONDS = 30.0  # until somebody who may not is asked about again: roles change
_LONGEST_PAUSE = 15.0
_EARLY = datetime.timedelta(minutes=5)  # for clocks that are a little behind
_USAGES = {"client auth": ExtendedKeyUsageOID.CLIENT_AUTH, "server auth": ExtendedKeyUsageOID.SERVER_AUTH}


@dataclass(frozen=True, slots=True)
class SigningAuthority:
    """Certificate and key are PEM text; `longest_seconds` is how long a certificate is good, if not less is asked for."""

    certificate: bytes
    key: bytes
    longest_seconds: int = 365 * 86_400


class Signing:
    def __init__(self, client: Client, authority: SigningAuthority, *, clock: Callable[[], float]) -> None:
        self._client, self._authority, self._clock = client, authority, clock
        self._queue: WorkQueue[str] = WorkQueue(longest_pause=_LONGEST_PAUSE)

    async def run(self, copy: Informer[Request]) -> None:
        """Works until cancelled, on what the copy shows."""

        def changed(_old: Request | None, new: Request | None) -> None:
            if new is not None:
                self._queue.add(new.metadata.name)

        copy.subscribe(changed)
        async with asyncio.TaskGroup() as tasks:
            for number in range(_WORKERS):
                tasks.create_task(self._work(copy), name=f"certificate-signing-{number}")

    async def _work(self, copy: Informer[Request]) -> None:
        while True:
            name = await self._queue.get()
            try:
                request = copy.get(name)
                if request is not None:
                    await self._advance(copy_of(request))
                self._queue.done(name)
            except errors.StatusError as error:
                log.debug("certificate request put off", name=name, error=str(error))
                self._queue.retry(name)
            except Exception:
                log.exception("certificate request failed", name=name)
                self._queue.retry(name)

    async def _advance(self, request: Request) -> None:
        match next_step(request, longest_seconds=self._authority.longest_seconds):
            case Ask(permissions):
                await self._approve(request, permissions)
            case Fail(reason, message):
                request.status.conditions.append(self._condition("Failed", reason, message))
                await self._client.update_status(request)
                log.warning("certificate request failed", name=request.metadata.name, reason=message)
            case Sign(seconds):
                now = datetime.datetime.fromtimestamp(self._clock(), datetime.UTC)
                request.status.certificate = sign(self._authority, request.spec, seconds, now)
                await self._client.update_status(request)
                log.info("certificate signed", name=request.metadata.name, signer=request.spec.signer_name)
            case None:
                return

    async def _approve(self, request: Request, permissions: tuple[str, ...]) -> None:
        for permission in permissions:
            if await self._may(request.spec, permission):
                request.status.conditions.append(self._condition("Approved", "AutoApproved", APPROVALS[permission]))
                await self._client.update(request, subresource="approval")
                log.info("certificate request approved", name=request.metadata.name, requester=request.spec.username)
                return
        self._queue.add_after(request.metadata.name, _ASK_AGAIN_SECONDS)

    async def _may(self, spec: certificates.CertificateSigningRequestSpec, permission: str) -> bool:
        kind = registry.CERTIFICATE_SIGNING_REQUESTS
        review = authorization.SubjectAccessReview()
        review.spec.user, review.spec.uid = spec.username, spec.uid
        review.spec.groups.extend(spec.groups)
        for key, values in spec.extra.items():
            review.spec.extra[key].items.extend(values.items)
        review.spec.resource_attributes.MergeFrom(authorization.ResourceAttributes(
            verb="create", group=kind.group, version="*", resource=kind.plural, subresource=permission))  # fmt: skip
        return (await self._client.create(review)).status.allowed

    def _condition(self, kind: str, reason: str, message: str) -> certificates.CertificateSigningRequestCondition:
        condition = certificates.CertificateSigningRequestCondition(type=kind, status="True", reason=reason, message=message)
        condition.last_update_time.CopyFrom(times.to_time(self._clock()))
        return condition


def sign(
    authority: SigningAuthority, spec: certificates.CertificateSigningRequestSpec, seconds: int, now: datetime.datetime
) -> bytes:
    """The certificate, as PEM text: the request's subject, key and other names, and the usages that were asked for. It does
    not outlive the authority."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    key = serialization.load_pem_private_key(authority.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("the signing authority's key must be an EC or RSA key")
    request = x509.load_pem_x509_csr(spec.request)
    public = request.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - _EARLY, issuer.not_valid_before_utc))
        .not_valid_after(min(now + datetime.timedelta(seconds=seconds), issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(spec), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USAGES[usage] for usage in spec.usages if usage in _USAGES]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for extension in request.extensions:
        if extension.oid == x509.SubjectAlternativeName.oid:
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key_usage(spec: certificates.CertificateSigningRequestSpec) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital signature" in spec.usages, key_encipherment="key encipherment" in spec.usages,
        content_commitment=False, data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False)  # fmt: skip
