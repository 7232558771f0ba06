"""The token file, as Kubernetes reads it."""

from __future__ import annotations

import pytest

from controlplane.server.authn import static
from controlplane.server.authn.static import StaticTokens
from controlplane.server.users import User

FILE = """\
first,ann,1,"team,admins"

second, ben ,2
third,zoe,3,
"""


@pytest.mark.parametrize(
    ("token", "user"),
    [
        ("first", User("ann", frozenset({"team", "admins"}), "1")),
        ("second", User("ben", frozenset(), "2")),
        ("third", User("zoe", frozenset(), "3")),
    ],
)
async def test_a_token_of_the_file_is_its_users(token: str, user: User) -> None:
    bearer = await StaticTokens(static.read(FILE)).bearer(token)
    assert bearer is not None
    assert bearer.user == user


async def test_other_tokens_are_left_to_others() -> None:
    assert await StaticTokens(static.read(FILE)).bearer("fourth") is None


async def test_of_a_token_that_stands_twice_the_later_line_counts() -> None:
    bearer = await StaticTokens(static.read("same,ann,1\nsame,ben,2\n")).bearer("same")
    assert bearer is not None
    assert bearer.user.name == "ben"


@pytest.mark.parametrize("text", ["token,ann\n", ",ann,1\n", "token,,1\n"], ids=["two columns", "no token", "no user"])
def test_a_line_that_is_not_whole_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="line 2: "):
        static.read("good,ann,1\n" + text)
