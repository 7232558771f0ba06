"""A node joins a real cluster, knowing an address, a token and a hash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography import x509

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.client.join import Joined, JoinError, discover, join, public_key_hash
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.manager.signing import SigningAuthority
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

TOKEN = "abcdef.0123456789abcdef"
OTHER_HASH = "sha256:" + "0" * 64


@pytest.fixture
async def token(client: Client) -> str:
    secret = core.Secret(type="bootstrap.kubernetes.io/token")
    secret.metadata.name, secret.metadata.namespace = "bootstrap-token-abcdef", "kube-system"
    stated = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true"}
    for key, value in stated.items():
        secret.data[key] = value.encode()
    await client.create(secret)
    return TOKEN


@pytest.fixture
async def manager(api: RunningApi) -> AsyncIterator[None]:
    authority = api.etcd.pki.load("ca")
    assert authority is not None
    options = ManagerOptions(signing=SigningAuthority(authority.certificate, authority.key))
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as client,
        running(run_manager(client, options), "manager"),
    ):
        yield


def address(api: RunningApi) -> str:
    return f"127.0.0.1:{api.server.token_port}"


def hash_of(api: RunningApi) -> str:
    return public_key_hash(x509.load_pem_x509_certificate(api.connection().ca))


def as_node(api: RunningApi, joined: Joined) -> Client:
    return Client(Connection(f"127.0.0.1:{api.server.port}", joined.ca, joined.certificate, joined.key))


@pytest.mark.usefixtures("manager")
async def test_a_node_joins_with_a_token_and_the_authoritys_hash(api: RunningApi, token: str) -> None:
    async with asyncio.timeout(20):
        joined = await join(address(api), token, "node-7", ca_hashes=[OTHER_HASH, hash_of(api)])
    assert joined.ca == api.connection().ca
    async with as_node(api, joined) as agent:
        node = core.Node()
        node.metadata.name = "node-7"
        await agent.create(node)
        node.metadata.name = "node-8"
        with pytest.raises(errors.Forbidden):
            await agent.create(node)


async def test_the_token_is_not_sent_to_another_clusters_server(api: RunningApi, token: str, client: Client) -> None:
    with pytest.raises(JoinError, match="is not the cluster that the hash is of"):
        await join(address(api), token, "node-7", ca_hashes=[OTHER_HASH])
    assert not (await client.list(registry.CERTIFICATE_SIGNING_REQUESTS)).items


@pytest.mark.parametrize("text", ["", "abc", "md5:" + "0" * 64, "sha256:12"])
async def test_a_hash_that_is_none_is_told(text: str) -> None:
    with pytest.raises(JoinError, match="of the form sha256:HEX"):
        await discover("127.0.0.1:1", [text] if text else [])


async def test_where_nobody_answers_is_told(api: RunningApi) -> None:
    with pytest.raises(JoinError, match=r"127\.0\.0\.1:1: no TLS with it"):
        await discover("127.0.0.1:1", [OTHER_HASH])


async def test_a_wrong_token_does_not_join(api: RunningApi, token: str) -> None:
    with pytest.raises(errors.Unauthorized, match="invalid bearer token"):
        await join(address(api), "abcdef.0123456789abcdee", "node-7", ca=api.connection().ca)


async def test_who_is_denied_is_told_by_whom_it_may_concern(api: RunningApi, token: str, client: Client) -> None:
    """Without a manager nobody approves; an administrator denies."""

    async def deny() -> None:
        async def asked() -> bool:
            return bool((await client.list(registry.CERTIFICATE_SIGNING_REQUESTS)).items)

        await eventually(asked)
        (request,) = (await client.list(registry.CERTIFICATE_SIGNING_REQUESTS)).items
        request.status.conditions.add(type="Denied", status="True", reason="Unknown", message="who is node-7?")
        await client.update(request, subresource="approval")

    async with running(deny(), "deny"):
        with pytest.raises(JoinError, match=r'certificatesigningrequests "node-csr-.*": denied: who is node-7\?'):
            await join(address(api), token, "node-7", ca=api.connection().ca)
