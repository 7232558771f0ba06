"""Whatever somebody sends as a token, the answer is a refusal: never a crash, never a way in."""

from __future__ import annotations

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import errors
from controlplane.server.authn import keys, static
from controlplane.server.authn.service_accounts import ServiceAccountTokens
from controlplane.server.authn.static import StaticTokens
from controlplane.server.authn.tokens import Tokens
from controlplane.store.kindcache import KindCache

KEY = keys.signer(
    ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
)


class NoObjects:
    def of(self, kind: object) -> KindCache:
        raise AssertionError("an object was looked up for a token without a signature")


async def no_question() -> None:
    raise AssertionError("etcd was asked for a token without a signature")


TOKENS = Tokens(
    [
        StaticTokens(static.read("letmein,ann,1\n")),
        ServiceAccountTokens({KEY.verifier.id: KEY.verifier}, ["us"], NoObjects(), no_question, lambda: 0.0),
    ],
    ["us"],
)
headers = st.fixed_dictionaries(
    {"alg": st.sampled_from(["ES256", "HS256", "none", "RS256", ""]), "kid": st.just(KEY.verifier.id)}
)
segments = st.one_of(
    st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()),
    headers.map(lambda header: base64.urlsafe_b64encode(repr(header).replace("'", '"').encode()).rstrip(b"=").decode()),
    st.text(max_size=40),
)


@given(st.one_of(st.text(max_size=200), st.lists(segments, min_size=1, max_size=4).map(".".join)))
def test_no_text_gets_in_that_is_no_token(token: str) -> None:
    with pytest.raises(errors.Unauthorized):
        asyncio.run(TOKENS.bearer(token))
