"""Who gets in by which credential, over real gRPC on both ports."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import jwt
import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection, Impersonation
from controlplane.client.writes import create_write, delete_options
from controlplane.server import users
from controlplane.server.authn import static
from controlplane.server.authn.settings import DEFAULT_ISSUER, TokenSettings
from controlplane.server.pki import Identity
from controlplane.server.sources import Sources
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running_api

USERS = 'ann-token,ann,17,"system:masters,team"\nben-token,ben,18\n'
BOOTSTRAP = "abcdef.0123456789abcdef"


class Clock:
    """A clock that a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return datetime.datetime.now(datetime.UTC).timestamp() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(etcd: RealEtcd, clock: Clock) -> AsyncIterator[RunningApi]:
    tokens = TokenSettings(etcd.pki.ensure_token_key(), static=static.read(USERS))
    async with running_api(etcd, tokens=tokens, sources=Sources(now=clock.now)) as running:
        yield running


def make_account(name: str = "robot", namespace: str = "default") -> core.ServiceAccount:
    account = core.ServiceAccount()
    account.metadata.name, account.metadata.namespace = name, namespace
    return account


async def request_token(
    client: Client, name: str = "robot", *, seconds: int | None = None, audiences: Sequence[str] = (),
    bound: tuple[str, str, str] | None = None,
) -> str:  # fmt: skip
    request = authentication.TokenRequest()
    request.metadata.name, request.metadata.namespace = name, "default"
    request.spec.audiences.extend(audiences)
    if seconds is not None:
        request.spec.expiration_seconds = seconds
    if bound is not None:
        ref = request.spec.bound_object_ref
        ref.api_version, (ref.kind, ref.name, ref.uid) = "v1", bound
    answer = await client.create_part(registry.SERVICE_ACCOUNTS, "token", request)
    return answer.status.token


async def who_is(client: Client, token: str, *audiences: str) -> authentication.TokenReviewStatus:
    review = authentication.TokenReview()
    review.spec.token = token
    review.spec.audiences.extend(audiences)
    return (await client.create(review)).status


async def is_refused(api: RunningApi, token: str) -> str:
    """What the token port says to the token."""
    async with api.token_client(token) as client:
        with pytest.raises(errors.Unauthorized) as refused:
            await client.list(registry.NAMESPACES)
    return str(refused.value)


async def test_a_token_of_the_file_gets_in_at_the_token_port_alone(api: RunningApi) -> None:
    async with api.token_client("ann-token") as ann:
        assert (await ann.list(registry.NAMESPACES)).items
    link = api.token_connection("ann-token")
    async with Client(replace(link, address=f"127.0.0.1:{api.server.port}")) as outside:
        with pytest.raises(errors.Unavailable):  # TLS ends there: no certificate
            await outside.list(registry.NAMESPACES)


async def test_without_a_token_or_with_a_wrong_one_nobody_gets_in(api: RunningApi) -> None:
    assert "no credentials" in await is_refused(api, "")
    assert await is_refused(api, "zoe-token") == "invalid bearer token"
    assert await is_refused(api, "a.b.c") == "invalid bearer token"
    assert await is_refused(api, "abcdef.0123456789abcdef") == "invalid bearer token"
    assert await is_refused(api, "x" * 6000) == "invalid bearer token"


async def test_watches_and_batches_need_credentials_too(api: RunningApi) -> None:
    async with api.token_client("zoe-token") as nobody:
        with pytest.raises(errors.Unauthorized):
            await nobody.batch([create_write(make_account())])
        with pytest.raises(errors.Unauthorized):
            await anext(nobody.watch(registry.PODS))


async def test_a_token_beside_a_certificate_changes_nothing(api: RunningApi) -> None:
    link = replace(api.connection(Identity("ben")), token="ann-token")
    async with Client(link) as ben:
        with pytest.raises(errors.Forbidden, match='User "ben"'):
            await ben.list(registry.SECRETS)


async def test_a_service_accounts_token_says_who_it_is(api: RunningApi, client: Client, clock: Clock) -> None:
    account = await client.create(make_account())
    token = await request_token(client, seconds=600)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == DEFAULT_ISSUER
    assert claims["sub"] == "system:serviceaccount:default:robot"
    assert claims["aud"] == [DEFAULT_ISSUER]
    assert claims["exp"] - claims["iat"] == 600
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "robot", "uid": account.metadata.uid},
    }
    status = await who_is(client, token)
    assert status.authenticated
    assert list(status.audiences) == [DEFAULT_ISSUER]
    assert (status.user.username, status.user.uid) == (claims["sub"], account.metadata.uid)
    assert list(status.user.groups) == [
        "system:authenticated", "system:serviceaccounts", "system:serviceaccounts:default"]  # fmt: skip
    assert list(status.user.extra[users.CREDENTIAL_ID].items) == [f"JTI={claims['jti']}"]
    async with api.token_client(token) as robot:
        with pytest.raises(errors.Forbidden, match='User "system:serviceaccount:default:robot" cannot list'):
            await robot.list(registry.SECRETS, "default")
    clock.ahead = 601
    assert "has expired" in await is_refused(api, token)


async def test_a_token_for_others_does_not_open_the_api(api: RunningApi, client: Client) -> None:
    await client.create(make_account())
    token = await request_token(client, audiences=["vault"])
    assert "audiences" in await is_refused(api, token)
    assert (await who_is(client, token, "vault", "other")).audiences == ["vault"]
    refused = await who_is(client, token)
    assert not refused.authenticated
    assert 'token audiences ["vault"] is invalid for the target audiences' in refused.error


async def test_a_token_ends_with_its_service_account_even_if_another_takes_the_name(api: RunningApi, client: Client) -> None:
    await client.create(make_account())
    token = await request_token(client)
    assert (await who_is(client, token)).authenticated
    await client.delete(registry.SERVICE_ACCOUNTS, "robot", "default")
    await client.create(make_account())
    assert (await who_is(client, token)).error == "invalid bearer token: service account token has been invalidated"


async def test_a_bound_token_ends_with_its_pod_and_tells_where_it_runs(api: RunningApi, client: Client) -> None:
    await client.create(make_account())
    node = core.Node()
    node.metadata.name = "node-1"
    node = await client.create(node)
    pod = make_pod("worker", node="node-1")
    pod.spec.service_account_name = "robot"
    pod = await client.create(pod)
    token = await request_token(client, bound=("Pod", "worker", pod.metadata.uid))
    status = await who_is(client, token)
    about = {
        key.rpartition("/")[2]: value.items[0] for key, value in status.user.extra.items() if "node" in key or "pod" in key
    }
    assert about == {
        "pod-name": "worker", "pod-uid": pod.metadata.uid, "node-name": "node-1", "node-uid": node.metadata.uid}  # fmt: skip
    await client.delete(registry.PODS, "worker", "default", options=delete_options(grace_seconds=0))
    assert (await who_is(client, token)).error == "invalid bearer token: service account token has been invalidated"


async def test_what_a_token_may_be_bound_to_is_checked(client: Client) -> None:
    await client.create(make_account())
    other = await client.create(make_pod("other"))
    with pytest.raises(errors.NotFound, match='pods "gone" not found'):
        await request_token(client, bound=("Pod", "gone", ""))
    with pytest.raises(errors.Conflict, match="does not match the UID in record"):
        await request_token(client, bound=("Pod", "other", "1234"))
    with pytest.raises(errors.BadRequest, match="different serviceaccount name"):
        await request_token(client, bound=("Pod", "other", other.metadata.uid))
    with pytest.raises(errors.Invalid, match="duration less than 10 minutes"):
        await request_token(client, seconds=599)
    with pytest.raises(errors.NotFound, match='serviceaccounts "nobody" not found'):
        await request_token(client, "nobody")
    attested = authentication.TokenRequest()
    attested.metadata.name, attested.metadata.namespace = "robot", "default"
    attested.spec.attestations["admissionReviewAPIGroups"].items.append("*")
    with pytest.raises(errors.Invalid, match=r"spec\.attestations: Forbidden"):
        await client.create_part(registry.SERVICE_ACCOUNTS, "token", attested)


async def test_an_agent_gets_tokens_for_the_pods_of_its_node_alone(api: RunningApi, client: Client) -> None:
    await client.create(make_account())
    uids = {}
    for node in ("node-1", "node-2"):
        pod = make_pod(f"on-{node}", node=node)
        pod.spec.service_account_name = "robot"
        uids[node] = (await client.create(pod)).metadata.uid
    async with api.client(Identity("system:node:node-1", (users.NODES,))) as agent:
        token = await request_token(agent, bound=("Pod", "on-node-1", uids["node-1"]))
        assert (await who_is(client, token)).user.username == "system:serviceaccount:default:robot"
        with pytest.raises(errors.Forbidden, match="not bound to a pod"):
            await request_token(agent)
        with pytest.raises(errors.Forbidden, match="scheduled on a different node"):
            await request_token(agent, bound=("Pod", "on-node-2", uids["node-2"]))
    async with api.client(Identity("system:node:node-3", (users.NODES,))) as other:
        with pytest.raises(errors.Forbidden, match="no relationship found between node 'node-3' and this object"):
            await request_token(other, bound=("Pod", "on-node-1", uids["node-1"]))


async def test_a_token_secret_has_its_token_at_once_and_the_token_dies_with_it(api: RunningApi, client: Client) -> None:
    secret = core.Secret(type="kubernetes.io/service-account-token")
    secret.metadata.name, secret.metadata.namespace = "robot-token", "default"
    secret.metadata.annotations["kubernetes.io/service-account.name"] = "robot"
    with pytest.raises(errors.Forbidden, match='serviceaccounts "robot" not found'):
        await client.create(secret)
    await client.create(make_account())
    stored = await client.create(secret)
    assert stored.data["namespace"] == b"default"
    assert stored.data["ca.crt"] == api.connection().ca
    token = stored.data["token"].decode()
    assert (await who_is(client, token)).user.username == "system:serviceaccount:default:robot"
    await client.delete(registry.SECRETS, "robot-token", "default")
    assert (await who_is(client, token)).error == "invalid bearer token: service account token has been invalidated"


def bootstrap_secret(**data: str) -> core.Secret:
    secret = core.Secret(type="bootstrap.kubernetes.io/token")
    secret.metadata.name, secret.metadata.namespace = "bootstrap-token-abcdef", "kube-system"
    stated = {
        "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:workers", **data,
    }  # fmt: skip
    for key, value in stated.items():
        secret.data[key] = value.encode()
    return secret


async def test_a_bootstrap_token_is_good_until_it_ends_or_goes(api: RunningApi, client: Client, clock: Clock) -> None:
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    await client.create(bootstrap_secret(expiration=ends.strftime("%Y-%m-%dT%H:%M:%SZ")))
    status = await who_is(client, BOOTSTRAP)
    assert status.user.username == "system:bootstrap:abcdef"
    assert list(status.user.groups) == [
        "system:authenticated", "system:bootstrappers", "system:bootstrappers:workers"]  # fmt: skip
    assert not (await who_is(client, "abcdef.0123456789abcdee")).authenticated
    clock.ahead = 3700
    assert await is_refused(api, BOOTSTRAP) == "invalid bearer token"
    clock.ahead = 0
    await client.delete(registry.SECRETS, "bootstrap-token-abcdef", "kube-system")
    assert await is_refused(api, BOOTSTRAP) == "invalid bearer token"


async def test_who_may_impersonate_acts_with_the_others_rights(api: RunningApi) -> None:
    link = api.connection()
    review = authentication.SelfSubjectReview()
    as_ben = Impersonation("ben", ("team", "system:masters"), "42", (("example.com/scope", ("read", "write")),))
    async with Client(replace(link, impersonate=as_ben)) as client:
        info = (await client.create(review)).status.user_info
    assert (info.username, info.uid) == ("ben", "42")
    assert list(info.groups) == ["system:authenticated", "system:masters", "team"]
    assert list(info.extra["example.com/scope"].items) == ["read", "write"]
    async with Client(replace(link, impersonate=Impersonation("ben"))) as client:
        with pytest.raises(errors.Forbidden, match='User "ben" cannot list'):
            await client.list(registry.SECRETS)


async def test_who_may_not_impersonate_is_told_what_is_missing(api: RunningApi) -> None:
    async with Client(replace(api.token_connection("ben-token"), impersonate=Impersonation("ann"))) as ben:
        with pytest.raises(
            errors.Forbidden, match='users "ann" is forbidden: User "ben" cannot impersonate resource "users"'
        ):
            await ben.list(registry.NAMESPACES)
    account = Impersonation("system:serviceaccount:shop:web")
    async with Client(replace(api.token_connection("ben-token"), impersonate=account)) as ben:
        with pytest.raises(errors.Forbidden, match=r'cannot impersonate resource "serviceaccounts".*namespace "shop"'):
            await ben.list(registry.NAMESPACES)


async def test_groups_without_a_user_are_no_impersonation(api: RunningApi) -> None:
    link = api.token_connection("ann-token")
    credentials = grpc.ssl_channel_credentials(link.ca)
    options = [("grpc.ssl_target_name_override", link.server_name)]
    metadata = (("authorization", "Bearer ann-token"), ("impersonate-group", "system:masters"))
    async with grpc.aio.secure_channel(link.address, credentials, options) as channel:
        call: Any = channel.unary_unary("/orlop.v1.Resources/List")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"", metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "impersonate-user" in str(refused.value.details())


async def test_a_new_token_in_the_file_is_used_from_the_next_call_on(api: RunningApi, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("zoe-token\n")
    link = api.token_connection("")
    async with Client(Connection(link.address, link.ca, token_file=path)) as client:
        with pytest.raises(errors.Unauthorized):
            await client.list(registry.NAMESPACES)
        fresh = tmp_path / "fresh"
        fresh.write_text("ann-token\n")
        fresh.rename(path)
        assert (await client.list(registry.NAMESPACES)).items


async def test_a_connection_does_not_outlive_its_certificate(api: RunningApi, clock: Clock) -> None:
    async with api.client() as admin:
        await admin.list(registry.NAMESPACES)
        clock.ahead = 400 * 86_400
        with pytest.raises(errors.Unauthorized, match="has expired or is not yet valid"):
            await admin.list(registry.NAMESPACES)
