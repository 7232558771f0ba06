"""RBAC: decides by the roles and bindings that the watch cache holds. What a user holds is compiled once and kept until one
of them changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from controlplane.api import errors, registry
from controlplane.api.kind import Kind
from controlplane.api.objects import Key
from controlplane.api.rbac import Rule, from_message
from controlplane.server.access.bindings import Bindings
from controlplane.server.access.decision import Decision
from controlplane.server.access.grants import Grants, Held
from controlplane.server.users import Attributes, User
from controlplane.store.cache import Cache
from controlplane.store.follower import Follower
from protos.v1 import rbac_pb2 as rbac

_MOST_USERS = 10_000
_KINDS: Mapping[str, Kind[Any]] = {"Role": registry.ROLES, "ClusterRole": registry.CLUSTER_ROLES}


class Rbac:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._bindings = Bindings(cache)
        self._roles = [Follower(cache.of(kind)) for kind in _KINDS.values()]
        self._rules: dict[tuple[str, Key], Sequence[Rule]] = {}
        self._grants: dict[tuple[str, frozenset[str]], Grants] = {}
        self._revision = -1

    def decide(self, user: User, asked: Attributes) -> Decision:
        return self.grants(user).decide(asked)

    def grants(self, user: User) -> Grants:
        """All that the user has been granted."""
        if self._cache.revision != self._revision:
            self._refresh()
        key = (user.name, user.groups)
        found = self._grants.get(key)
        if found is None:
            if len(self._grants) >= _MOST_USERS:
                self._grants.clear()
            found = self._grants[key] = self._compile(user)
        return found

    def rules_of(self, ref: rbac.RoleRef, namespace: str) -> Sequence[Rule]:
        """The rules of a role that a binding in the namespace refers to. Raises NotFound."""
        kind = _KINDS.get(ref.kind)
        if kind is None:
            raise errors.NotFound(f'unsupported role reference kind: "{ref.kind}"')
        key = Key(namespace if kind.namespaced else "", ref.name)
        known = self._rules.get((kind.resource, key))
        if known is None:
            record = self._cache.of(kind).get(key)
            if record is None:
                raise errors.NotFound(
                    f'{kind.singular}.{kind.group} "{ref.name}" not found', kind=kind.resource, name=ref.name
                )
            role = cast("rbac.Role | rbac.ClusterRole", record.message())
            known = self._rules[kind.resource, key] = tuple(map(from_message, role.rules))
        return known

    def _refresh(self) -> None:
        """Forgets what has been compiled if a role or a binding has changed."""
        self._revision = self._cache.revision
        roles = [follower.has_changed() for follower in self._roles]
        if any(roles):
            self._rules.clear()
        if self._bindings.refresh() or any(roles):
            self._grants.clear()

    def _compile(self, user: User) -> Grants:
        within: dict[str, list[Held]] = {"": []}
        problems: dict[str, list[str]] = {}
        for bound in self._bindings.of(user):
            try:
                rules = self.rules_of(bound.role, bound.namespace)
            except errors.NotFound as error:
                problems.setdefault(bound.namespace, []).append(error.message)
                continue
            within.setdefault(bound.namespace, []).extend(Held(rule, bound.source) for rule in rules)
        return Grants(within.pop(""), within, problems)
