"""Who may act as whom, and who that then is."""

from __future__ import annotations

import pytest

from controlplane.api import errors
from controlplane.server.access.decision import Decision
from controlplane.server.authn.impersonation import impersonate, wish
from controlplane.server.users import Attributes, User

REAL = User("ops", frozenset({"team"}))
Metadata = list[tuple[str, str]]


class Leave:
    """Allows what it lists, as `resource/name`."""

    def __init__(self, *allowed: str) -> None:
        self._allowed = allowed

    def decide(self, user: User, asked: Attributes) -> Decision:
        assert user is REAL
        assert asked.verb == "impersonate"
        where = f"{asked.group}/" if asked.group else ""
        part = f"/{asked.subresource}" if asked.subresource else ""
        space = f"{asked.namespace}/" if asked.namespace else ""
        return Decision(f"{where}{asked.resource}{part}:{space}{asked.name}" in self._allowed)


def act(leave: Leave, *metadata: tuple[str, str]) -> User:
    return impersonate(leave, REAL, wish(list(metadata)))


def test_a_user_acts_with_the_groups_that_were_named_and_no_others() -> None:
    leave = Leave("users:ben", "groups:dev", "groups:qa")
    user = act(leave, ("impersonate-user", "ben"), ("impersonate-group", "dev"), ("impersonate-group", "qa"))
    assert user == User("ben", frozenset({"dev", "qa", "system:authenticated"}))


def test_a_service_account_brings_its_groups_unless_others_are_named() -> None:
    leave, name = Leave("serviceaccounts:shop/web", "groups:dev"), "system:serviceaccount:shop:web"
    assert act(leave, ("impersonate-user", name)).groups == {
        "system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}  # fmt: skip
    with_group = act(leave, ("impersonate-user", name), ("impersonate-group", "dev"))
    assert with_group.groups == {"dev", "system:authenticated"}


def test_nobody_is_not_authenticated_even_if_played() -> None:
    assert act(Leave("users:system:anonymous"), ("impersonate-user", "system:anonymous")).groups == {
        "system:unauthenticated"
    }


def test_extras_come_by_name_or_in_the_value() -> None:
    leave = Leave(
        "users:ben", "authentication.k8s.io/uids:7", "authentication.k8s.io/userextras/scopes:read",
        "authentication.k8s.io/userextras/example.com/x:a=b",
    )  # fmt: skip
    user = act(
        leave, ("impersonate-user", "ben"), ("impersonate-uid", "7"), ("impersonate-extra-scopes", "read"),
        ("impersonate-extra", "Example.com/x=a=b"),
    )  # fmt: skip
    assert (user.uid, dict(user.extra)) == ("7", {"scopes": ("read",), "example.com/x": ("a=b",)})


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ([("impersonate-user", "zoe")], 'users "zoe" is forbidden: User "ops" cannot impersonate resource "users"'),
        ([("impersonate-user", "ben"), ("impersonate-group", "system:masters")], 'groups "system:masters" is forbidden'),
        ([("impersonate-user", "ben"), ("impersonate-uid", "7")], 'uids.authentication.k8s.io "7" is forbidden'),
        ([("impersonate-user", "ben"), ("impersonate-extra-scopes", "all")],
         'cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io"'),
        ([("impersonate-user", "system:serviceaccount:shop:web")], 'in API group "" in the namespace "shop"'),
    ],
    ids=["user", "group", "uid", "extra", "service account"],
)  # fmt: skip
def test_each_part_needs_leave_of_its_own(metadata: Metadata, told: str) -> None:
    with pytest.raises(errors.Forbidden) as refused:
        act(Leave("users:ben"), *metadata)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "metadata",
    [[("impersonate-group", "dev")], [("impersonate-uid", "7")], [("impersonate-user", "")], [("impersonate-role", "x")],
     [("impersonate-user", "ben"), ("impersonate-extra", "nothing")]],
    ids=["group alone", "uid alone", "no name", "another word", "extra without a value"],
)  # fmt: skip
def test_what_makes_no_sense_is_told(metadata: Metadata) -> None:
    with pytest.raises(errors.BadRequest, match="impersonat"):
        wish(metadata)
