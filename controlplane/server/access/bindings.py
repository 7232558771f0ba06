"""Who is bound to which role: an index over the bindings in the watch cache, kept by their changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.server.users import User
from controlplane.store.cache import Cache
from controlplane.store.follower import Follower
from controlplane.store.records import Record
from protos.v1 import rbac_pb2 as rbac

_USER, _GROUP, _SERVICE_ACCOUNT = "User", "Group", "ServiceAccount"


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding as one of its subjects sees it. `namespace` is where it holds, empty for everywhere."""

    namespace: str
    role: rbac.RoleRef
    source: str


class Bindings:
    """A subject is (`User` or `Group`, name); a service account is the user that its tokens name."""

    def __init__(self, cache: Cache) -> None:
        self._followers = [Follower(cache.of(kind)) for kind in (registry.CLUSTER_ROLE_BINDINGS, registry.ROLE_BINDINGS)]
        self._bound: dict[tuple[str, str], dict[tuple[str, Key], Bound]] = {}

    def refresh(self) -> bool:
        """Takes in what has changed; whether anything has."""
        changed = False
        for follower in self._followers:
            events = follower.changes()
            if events is None:
                self._reload(follower)
            for event in events or ():
                if event.old is not None:
                    self._remove(event.old)
                if not event.gone:
                    self._add(event.new)
            changed |= events is None or bool(events)
        return changed

    def of(self, user: User) -> Iterator[Bound]:
        """Those of the user and of the user's groups, in the order of the bindings' names."""
        subjects = [(_USER, user.name), *((_GROUP, group) for group in user.groups)]
        found = {at: bound for subject in subjects for at, bound in self._bound.get(subject, {}).items()}
        for at in sorted(found):
            yield found[at]

    def _reload(self, follower: Follower) -> None:
        resource = follower.cache.kind.resource
        for bound in self._bound.values():
            for at in [at for at in bound if at[0] == resource]:
                del bound[at]
        for record in follower.cache.records():
            self._add(record)

    def _add(self, record: Record) -> None:
        for subject, bound in _bound_by(record):
            self._bound.setdefault(subject, {}).setdefault((record.kind.resource, record.key), bound)

    def _remove(self, record: Record) -> None:
        for subject, _ in _bound_by(record):
            bound = self._bound.get(subject, {})
            bound.pop((record.kind.resource, record.key), None)
            if not bound:
                self._bound.pop(subject, None)


def _bound_by(record: Record) -> Iterable[tuple[tuple[str, str], Bound]]:
    binding = cast("rbac.RoleBinding | rbac.ClusterRoleBinding", record.message())
    namespace, role = record.key.namespace, binding.role_ref
    where = f"{record.key.name}/{namespace}" if namespace else record.key.name
    for subject in binding.subjects:
        name, told = subject.name, f'{subject.kind} "{subject.name}"'
        if subject.kind == _SERVICE_ACCOUNT:
            home = subject.namespace or namespace
            if not home:
                continue
            name, told = f"system:serviceaccount:{home}:{name}", f'{subject.kind} "{name}/{home}"'
        elif subject.kind not in (_USER, _GROUP):
            continue
        kind = _GROUP if subject.kind == _GROUP else _USER
        source = f'{record.kind.name} "{where}" of {role.kind} "{role.name}" to {told}'
        yield (kind, name), Bound(namespace, role, source)
