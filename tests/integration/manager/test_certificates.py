"""Certificates on request: asked for at a real API server, approved and signed by a real manager."""

from __future__ import annotations

import base64
import datetime
from collections.abc import AsyncIterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from controlplane.api import errors, objects, registry, times
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.manager.signing import SigningAuthority
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import certificates_pb2 as certificates
from tests.support.requests import API_CLIENT, FOR_CLIENTS, FOR_SERVERS, KEY, SERVING, make_pem, make_request
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

Request = certificates.CertificateSigningRequest


@pytest.fixture(autouse=True)
async def manager(api: RunningApi) -> AsyncIterator[None]:
    authority = api.etcd.pki.load("ca")
    assert authority is not None
    options = ManagerOptions(signing=SigningAuthority(authority.certificate, authority.key))
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as client,
        running(run_manager(client, options), "manager"),
    ):
        yield


def user_request(name: str, *groups: str) -> Request:
    return make_request(name, make_pem("ann", groups), signer=API_CLIENT, usages=FOR_CLIENTS)


def node_request(name: str = "csr-1", node: str = "node-9", *, seconds: int | None = None) -> Request:
    return make_request(name, make_pem(f"system:node:{node}", ["system:nodes"]), seconds=seconds)


def serving_request(name: str, *names: str) -> Request:
    pem = make_pem("system:node:node-9", ["system:nodes"], names=names)
    return make_request(name, pem, signer=SERVING, usages=FOR_SERVERS)


async def signed(client: Client, name: str) -> x509.Certificate:
    async def check() -> x509.Certificate:
        request = await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, name)
        assert request.status.certificate, str(request.status)
        return x509.load_pem_x509_certificate(request.status.certificate)

    return await eventually(check)


async def condition(client: Client, name: str, kind: str) -> certificates.CertificateSigningRequestCondition:
    async def check() -> certificates.CertificateSigningRequestCondition:
        request = await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, name)
        found = objects.find_condition(request.status.conditions, kind)
        assert found is not None, str(request.status)
        return found

    return await eventually(check)


async def approve(client: Client, name: str, kind: str = "Approved") -> Request:
    request = await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, name)
    request.status.conditions.add(type=kind, status="True", reason="ByHand")
    return await client.update(request, subresource="approval")


async def test_who_bootstraps_gets_a_nodes_certificate_without_anybodys_doing(api: RunningApi, client: Client) -> None:
    async with api.client(Identity("system:bootstrap:abcdef", (users.BOOTSTRAPPERS,))) as joiner:
        made = await joiner.create(node_request(seconds=3600))
        assert made.spec.username == "system:bootstrap:abcdef"
        assert list(made.spec.groups) == ["system:authenticated", "system:bootstrappers"]
        certificate = await signed(joiner, "csr-1")
    approved = await condition(client, "csr-1", "Approved")
    assert approved.reason == "AutoApproved"
    assert approved.message == "Auto approving kubelet client certificate after SubjectAccessReview."
    assert approved.last_transition_time.seconds
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    lasts = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(minutes=58) < lasts <= datetime.timedelta(hours=1)
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    link = api.connection()
    own = Connection(link.address, link.ca, certificate.public_bytes(serialization.Encoding.PEM), pem)
    async with Client(own) as node:
        await node.list(registry.SERVICES)
        renewed = await node.create(node_request("csr-2"))
        assert renewed.spec.username == "system:node:node-9"
        await signed(node, "csr-2")
        with pytest.raises(errors.Forbidden, match="can only create a node CSR with CN=system:node:node-9"):
            await node.create(node_request("csr-3", node="node-8"))
    message = (await condition(client, "csr-2", "Approved")).message
    assert message == "Auto approving self kubelet client certificate after SubjectAccessReview."


async def test_others_are_signed_after_approval_only(api: RunningApi, client: Client) -> None:
    await client.create(user_request("ann", "team"))
    await client.create(node_request("sentinel", node="node-1"))
    await signed(client, "sentinel")  # the administrator may create nodeclient requests; by now `ann` was looked at, too
    assert not (await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, "ann")).status.conditions
    await approve(client, "ann")
    certificate = await signed(client, "ann")
    assert certificate.subject.rfc4514_string() == "CN=ann,O=team"


async def test_a_denied_request_is_not_signed_and_the_decision_stands(client: Client) -> None:
    await client.create(user_request("ann"))
    await approve(client, "ann", "Denied")
    with pytest.raises(errors.Invalid, match="mutually exclusive"):
        await approve(client, "ann")
    request = await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, "ann")
    del request.status.conditions[:]
    with pytest.raises(errors.Invalid, match='may not remove a condition of type "Denied"'):
        await client.update(request, subresource="approval")
    assert not (await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, "ann")).status.certificate


async def test_what_the_signer_does_not_grant_fails_though_approved(client: Client) -> None:
    await client.create(serving_request("no-names"))
    await approve(client, "no-names")
    failed = await condition(client, "no-names", "Failed")
    assert (failed.status, failed.reason) == ("True", "SignerValidationFailure")
    assert failed.message == "at least one DNS or IP subjectAltName is required"


async def test_a_serving_certificate_carries_the_names_it_was_asked_for(client: Client) -> None:
    await client.create(serving_request("serving", "node-9"))
    await approve(client, "serving")
    certificate = await signed(client, "serving")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node-9"]


async def test_bad_requests_are_refused_at_once(client: Client) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(errors.Invalid, match="an RSA key of 1024 bits is too weak"):
        await client.create(make_request("weak", make_pem("ann", key=weak), signer=API_CLIENT))
    with pytest.raises(errors.Forbidden, match="with system:masters group is not allowed"):
        await client.create(user_request("master", "system:masters"))
    forged = user_request("forged")
    forged.spec.request = _with_another_signature(forged.spec.request)
    with pytest.raises(errors.Invalid, match="not signed by the key"):
        await client.create(forged)


def _with_another_signature(pem: bytes) -> bytes:
    """The request with its key's signature of another text."""
    request = x509.load_pem_x509_csr(pem)
    signature = KEY.sign(b"another text", ec.ECDSA(hashes.SHA256()))
    while len(signature) != len(request.signature):  # their encodings vary by a byte or two
        signature = KEY.sign(b"another text", ec.ECDSA(hashes.SHA256()))
    encoded = request.public_bytes(serialization.Encoding.DER)[: -len(signature)] + signature
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(encoded) + b"-----END CERTIFICATE REQUEST-----\n"


async def test_who_may_not_approve_or_sign_does_neither(api: RunningApi, client: Client) -> None:
    await client.create(user_request("ann"))
    async with api.client(Identity(users.CONTROLLER_MANAGER)) as manager:
        with pytest.raises(errors.Forbidden, match=f'not permitted to approve requests with signerName "{API_CLIENT}"'):
            await approve(manager, "ann")


async def test_requests_of_long_ago_are_cleared_away(client: Client) -> None:
    await client.create(user_request("ann"))
    request = await client.get(registry.CERTIFICATE_SIGNING_REQUESTS, "ann")
    denied = request.status.conditions.add(type="Denied", status="True", reason="ByHand")
    two_hours_ago = datetime.datetime.now(datetime.UTC).timestamp() - 7200
    denied.last_update_time.CopyFrom(times.to_time(two_hours_ago))
    await client.update(request, subresource="approval")

    async def gone() -> bool:
        return not (await client.list(registry.CERTIFICATE_SIGNING_REQUESTS)).items

    await eventually(gone)
