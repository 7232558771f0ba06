"""Acting as somebody else: `impersonate-user`, `-group`, `-uid` and `-extra-KEY` in a call's metadata.

A key that cannot stand in the name of metadata, such as one with a slash, goes into the value of `impersonate-extra`:
`KEY=VALUE`.

The one who calls needs leave to impersonate each of them: RBAC's verb `impersonate` on users, groups, serviceaccounts, uids
and userextras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote

from controlplane.api import errors
from controlplane.server.authz import Decision, refusal
from controlplane.server.users import (
    ANONYMOUS,
    AUTHENTICATED,
    SERVICE_ACCOUNT_PREFIX,
    UNAUTHENTICATED,
    Attributes,
    User,
    service_account_groups,
)

PREFIX = "impersonate-"
_EXTRA = f"{PREFIX}extra-"
_AUTHN = "authentication.k8s.io"


class Decides(Protocol):
    def decide(self, user: User, asked: Attributes) -> Decision: ...


@dataclass(slots=True)
class Wish:
    """Who somebody wants to act as."""

    name: str = ""
    uid: str = ""
    groups: list[str] = field(default_factory=list)
    extra: dict[str, list[str]] = field(default_factory=dict)


def wish(metadata: Sequence[tuple[str, str]]) -> Wish:
    """What the entries that begin with `impersonate-` ask for. Raises BadRequest."""
    asked = Wish()
    for key, value in metadata:
        if key == f"{PREFIX}user":
            asked.name = value
        elif key == f"{PREFIX}uid":
            asked.uid = value
        elif key == f"{PREFIX}group":
            asked.groups.append(value)
        elif key.startswith(_EXTRA):
            asked.extra.setdefault(unquote(key.removeprefix(_EXTRA)).lower(), []).append(value)
        elif key == f"{PREFIX}extra" and "=" in value:
            name, _, content = value.partition("=")
            asked.extra.setdefault(name.lower(), []).append(content)
        else:
            raise errors.BadRequest(f'metadata "{key}": there are impersonate-user, -group, -uid and -extra-KEY')
    if not asked.name:
        raise errors.BadRequest("impersonating a group, a uid or an extra needs impersonate-user, too")
    return asked


def impersonate(authorizer: Decides, real: User, asked: Wish) -> User:
    """The user to act as. Raises Forbidden."""
    for attributes in _needed(asked):
        decision = authorizer.decide(real, attributes)
        if not decision.allowed:
            raise refusal(real, attributes, decision.reason)
    extra = tuple(sorted((key, tuple(values)) for key, values in asked.extra.items()))
    return User(asked.name, _groups(asked), asked.uid, extra)


def _needed(asked: Wish) -> Iterator[Attributes]:
    """What has to be allowed, in order."""
    account = _service_account(asked.name)
    if account is None:
        yield Attributes("impersonate", version="v1", resource="users", name=asked.name)
    else:
        namespace, name = account
        yield Attributes("impersonate", version="v1", resource="serviceaccounts", namespace=namespace, name=name)
    if asked.uid:
        yield Attributes("impersonate", _AUTHN, "v1", "uids", name=asked.uid)
    for group in asked.groups:
        yield Attributes("impersonate", version="v1", resource="groups", name=group)
    for key, values in asked.extra.items():
        for value in values:
            yield Attributes("impersonate", _AUTHN, "v1", "userextras", key, name=value)


def _groups(asked: Wish) -> frozenset[str]:
    account = _service_account(asked.name)
    implied = service_account_groups(account[0]) if account is not None and not asked.groups else frozenset()
    anybody = UNAUTHENTICATED if asked.name == ANONYMOUS else AUTHENTICATED
    return frozenset(asked.groups) | implied | {anybody}


def _service_account(name: str) -> tuple[str, str] | None:
    """Namespace and name, if the user is a service account."""
    if not name.startswith(SERVICE_ACCOUNT_PREFIX):
        return None
    namespace, _, account = name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")
    return (namespace, account) if namespace and account and ":" not in account else None
