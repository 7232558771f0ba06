"""When a token is to be replaced."""

from __future__ import annotations

import base64

import orjson
import pytest

from dataplane.volumes.tokens import Token, Wanted, new_token, read_token, wanted
from protos.v1 import core_pb2 as core

HOUR = 3600.0


def written(claims: object) -> bytes:
    middle = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    return b"header." + middle + b".signature"


@pytest.mark.parametrize(("life", "used"), [(600, 480), (3605, 2884), (HOUR * 24, HOUR * 19.2), (HOUR * 1000, HOUR * 24)])
def test_a_token_is_used_for_four_fifths_of_its_life_or_a_day(life: float, used: float) -> None:
    assert new_token("t", begins=1000, ends=1000 + life) == Token("t", 1000 + used, 1000 + life)


def test_a_token_says_itself_when_it_ends() -> None:
    content = written({"iat": 1000, "exp": 2000, "sub": "system:serviceaccount:default:default"})
    assert read_token(content) == Token(content.decode(), 1800, 2000)


@pytest.mark.parametrize(
    "content",
    [b"", b"word", b"a.b.c", b"a.!.c", b"\xff.e30.c", written([]), written({"iat": 1}), written({"iat": "1", "exp": "2"})],
)
def test_what_is_no_token_is_not_taken_for_one(content: bytes) -> None:
    assert read_token(content) is None


def test_tokens_of_one_audience_and_life_are_one() -> None:
    one = core.ServiceAccountTokenProjection(audience="vault", expiration_seconds=600, path="a")
    assert wanted(one) == wanted(core.ServiceAccountTokenProjection(audience="vault", expiration_seconds=600, path="b"))
    assert wanted(one) == Wanted("vault", 600)
