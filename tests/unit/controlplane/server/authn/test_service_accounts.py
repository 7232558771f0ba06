"""A token opens the door only if it is whole, ours, in its time, and everything it depends on still stands."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from controlplane.api import errors, registry
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, key_of
from controlplane.server.authn import keys
from controlplane.server.authn.claims import Claims, Ref
from controlplane.server.authn.keys import Signer
from controlplane.server.authn.service_accounts import Issuer, ServiceAccountTokens
from controlplane.server.authn.settings import DEFAULT_ISSUER
from controlplane.server.authn.tokens import Tokens
from controlplane.store.kindcache import KindCache
from controlplane.store.records import Record
from protos.v1 import core_pb2 as core

NOW = 1_800_000_000.0
API = "https://api.example"


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def new_signer() -> Signer:
    return keys.signer(pem_of(ec.generate_private_key(ec.SECP256R1())))


OURS, OLDER, FOREIGN = new_signer(), new_signer(), new_signer()


@dataclass
class World:
    """The objects that tokens depend on, and the clock; `late` are objects that the cache shows once it was freshened."""

    now: float = NOW
    late: list[ApiObject] = field(default_factory=list)
    looks: int = 0
    _caches: dict[str, KindCache] = field(default_factory=dict)

    def of(self, kind: Kind[Any]) -> KindCache:
        return self._caches.setdefault(kind.resource, KindCache(kind, 0))

    def put(self, obj: ApiObject) -> None:
        kind = registry.kind_of(obj)
        self.of(kind).put(Record(kind, key_of(obj), obj.SerializeToString(), 1))

    def remove(self, obj: ApiObject) -> None:
        self.of(registry.kind_of(obj)).remove(key_of(obj), 2)

    async def freshen(self) -> None:
        self.looks += 1
        while self.late:
            self.put(self.late.pop())

    def issuer(self, signer: Signer = OURS, name: str = DEFAULT_ISSUER) -> Issuer:
        return Issuer(signer, name, now=lambda: self.now, uid=lambda: "token-1")

    def tokens(self) -> Tokens:
        verifiers = {signer.verifier.id: signer.verifier for signer in (OURS, OLDER)}
        sort = ServiceAccountTokens(verifiers, [DEFAULT_ISSUER], self, self.freshen, lambda: self.now)
        return Tokens([sort], [API])


def made(obj: Any, name: str, uid: str, namespace: str = "shop") -> Any:
    obj.metadata.name, obj.metadata.uid, obj.metadata.namespace = name, uid, namespace
    return obj


ACCOUNT = made(core.ServiceAccount(), "web", "sa-1")
POD = made(core.Pod(), "web-1", "pod-1")
CLAIMS = Claims("shop", Ref("web", "sa-1"), (API,))
BOUND = Claims("shop", Ref("web", "sa-1"), (API,), pod=Ref("web-1", "pod-1"), node=Ref("node-1", "n-1"))


@pytest.fixture
def world() -> World:
    world = World()
    world.put(ACCOUNT)
    world.put(POD)
    return world


async def refusal(world: World, token: str) -> str:
    with pytest.raises(errors.Unauthorized) as refused:
        await world.tokens().bearer(token)
    return str(refused.value)


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


async def test_a_good_token_is_its_service_accounts(world: World) -> None:
    token, ends = world.issuer().issue(BOUND, 3600)
    assert ends == NOW + 3600
    user = (await world.tokens().bearer(token)).user
    assert user.name == "system:serviceaccount:shop:web"
    assert user.uid == "sa-1"
    assert user.groups == {"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}
    assert dict(user.extra) == {
        "authentication.kubernetes.io/credential-id": ("JTI=token-1",),
        "authentication.kubernetes.io/node-name": ("node-1",),
        "authentication.kubernetes.io/node-uid": ("n-1",),
        "authentication.kubernetes.io/pod-name": ("web-1",),
        "authentication.kubernetes.io/pod-uid": ("pod-1",),
    }
    assert world.looks == 0


async def test_a_token_of_an_older_key_is_accepted_until_the_key_is_taken_away(world: World) -> None:
    token, _ = world.issuer(OLDER).issue(CLAIMS, 3600)
    assert (await world.tokens().bearer(token)).user.name.endswith(":web")
    foreign, _ = world.issuer(FOREIGN).issue(CLAIMS, 3600)
    assert await refusal(world, foreign) == "invalid bearer token"


async def test_a_token_ends_to_the_second_and_is_not_good_before_its_time(world: World) -> None:
    tokens = world.tokens()
    token, ends = world.issuer().issue(CLAIMS, 600)
    await tokens.bearer(token)
    world.now = ends - 1
    await tokens.bearer(token)
    world.now = float(ends)
    with pytest.raises(errors.Unauthorized, match="service account token has expired"):
        await tokens.bearer(token)  # also though its signature is remembered
    world.now = NOW - 61
    with pytest.raises(errors.Unauthorized, match="service account token is not valid yet"):
        await tokens.bearer(token)


async def test_another_issuers_token_is_refused_though_signed_by_our_key(world: World) -> None:
    token, _ = world.issuer(name="https://elsewhere.example").issue(CLAIMS, 600)
    assert await refusal(world, token) == "invalid bearer token"


async def test_a_token_for_another_audience_is_refused(world: World) -> None:
    token, _ = world.issuer().issue(Claims("shop", Ref("web", "sa-1"), ("vault",)), 600)
    assert await refusal(world, token) == (
        f'invalid bearer token: token audiences ["vault"] is invalid for the target audiences ["{API}"]'
    )
    assert (await world.tokens().bearer(token, ["other", "vault"])).audiences == ("vault",)


def _unsigned(token: str) -> str:
    """The same claims, with the algorithm `none`."""
    _, payload, _ = token.split(".")
    return f"{segment({'alg': 'none', 'typ': 'JWT', 'kid': OURS.verifier.id})}.{payload}."


def _signed_with_the_public_key(token: str) -> str:
    """The public key is no secret: as a key for HS256 it must not sign anything."""
    _, payload, _ = token.split(".")
    public = OURS.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    text = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': OURS.verifier.id})}.{payload}"
    signature = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _with_another_subject(token: str) -> str:
    head, payload, signature = token.split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = "system:serviceaccount:kube-system:admin"
    return f"{head}.{segment(claims)}.{signature}"


def _with_an_unknown_key(token: str) -> str:
    _, payload, signature = token.split(".")
    return f"{segment({'alg': 'ES256', 'typ': 'JWT', 'kid': 'nobody'})}.{payload}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [_unsigned, _signed_with_the_public_key, _with_another_subject, _with_an_unknown_key,
     lambda token: token[:-8], lambda token: token + "A", lambda _: "..", lambda _: "a.b.c",
     lambda token: token.replace(".", ".e30.", 1),
     lambda _: base64.urlsafe_b64encode(b"[" * 9000).decode().rstrip("=") + ".e30.e30"],
    ids=["alg none", "HS256 by the public key", "another subject", "unknown key", "cut", "too long", "empty parts",
         "no base64", "four parts", "nested too deep"],
)  # fmt: skip
async def test_a_forged_token_is_refused_without_saying_why(world: World, forge: Callable[[str], str]) -> None:
    token, _ = world.issuer().issue(CLAIMS, 600)
    assert await refusal(world, forge(token)) == "invalid bearer token"
    assert world.looks == 0, "who has no signature of ours causes no question to etcd"


@pytest.mark.parametrize(
    "change",
    [{"sub": "system:serviceaccount:shop:other"}, {"sub": None}, {"kubernetes.io": None}, {"exp": None}, {"exp": "soon"},
     {"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "web"}}}, {"kubernetes.io": {"namespace": 1}},
     {"nbf": []}],
    ids=str,
)  # fmt: skip
async def test_claims_that_are_not_whole_are_refused_though_signed(world: World, change: dict[str, Any]) -> None:
    token, _ = world.issuer().issue(CLAIMS, 600)
    payload = jwt.decode(token, options={"verify_signature": False}) | change
    payload = {name: value for name, value in payload.items() if value is not None}
    forged = jwt.PyJWS().encode(orjson.dumps(payload), OURS.key, "ES256", headers={"kid": OURS.verifier.id})
    assert await refusal(world, forged) == "invalid bearer token"


GONE = "invalid bearer token: service account token has been invalidated"


async def test_a_token_ends_with_its_service_account(world: World) -> None:
    token, _ = world.issuer().issue(CLAIMS, 600)
    world.remove(ACCOUNT)
    assert await refusal(world, token) == GONE
    world.put(made(core.ServiceAccount(), "web", "sa-2"))
    assert await refusal(world, token) == GONE


@pytest.mark.parametrize("kind", ["pod", "secret", "node"])
async def test_a_token_ends_with_what_it_is_bound_to(world: World, kind: str) -> None:
    obj = {
        "pod": POD,
        "secret": made(core.Secret(), "lock", "secret-1"),
        "node": made(core.Node(), "node-1", "node-1", ""),
    }[kind]
    world.put(obj)
    ref: Any = {kind: Ref(obj.metadata.name, obj.metadata.uid)}
    token, _ = world.issuer().issue(Claims("shop", Ref("web", "sa-1"), (API,), **ref), 600)
    await world.tokens().bearer(token)
    world.remove(obj)
    assert await refusal(world, token) == GONE


async def test_a_pod_that_ends_may_use_its_token_to_its_last_moment(world: World) -> None:
    ending = made(core.Pod(), "web-1", "pod-1")
    ending.metadata.deletion_timestamp.seconds = int(NOW) + 30
    world.put(ending)
    token, _ = world.issuer().issue(BOUND, 3600)
    await world.tokens().bearer(token)
    world.now = NOW + 91
    assert await refusal(world, token) == GONE


async def test_what_was_made_a_moment_ago_is_looked_for_before_a_token_is_refused() -> None:
    world = World(late=[ACCOUNT])
    token, _ = world.issuer().issue(CLAIMS, 600)
    await world.tokens().bearer(token)
    assert world.looks == 1


async def test_a_legacy_token_is_good_only_as_it_stands_in_its_secret(world: World) -> None:
    token = world.issuer().issue_legacy(Claims("shop", Ref("web", "sa-1"), secret=Ref("web-token")))
    assert await refusal(world, token) == GONE
    secret = made(core.Secret(type="kubernetes.io/service-account-token"), "web-token", "s-1")
    secret.data["token"] = token.encode()
    world.put(secret)
    bearer = await world.tokens().bearer(token)
    assert (bearer.user.name, bearer.audiences) == ("system:serviceaccount:shop:web", (API,))
    secret.data["token"] = b"another"
    world.put(secret)
    assert await refusal(world, token) == GONE
    secret.data["token"], secret.type = token.encode(), "Opaque"
    world.put(secret)
    assert await refusal(world, token) == GONE
