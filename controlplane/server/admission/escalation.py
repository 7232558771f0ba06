"""Nobody gives away what they do not hold: who writes a role must hold its rules, or the verb `escalate` on it; who writes a
binding must hold the rules of its role, or the verb `bind`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import errors, rbac
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, copy_of
from controlplane.api.rbac import Rule
from controlplane.server.admission.review import Review
from controlplane.server.authz import Authorizer
from controlplane.server.users import MASTERS, Attributes
from protos.v1 import rbac_pb2

_PLURALS = {"Role": "roles", "ClusterRole": "clusterroles"}


class EscalationPrevention:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def complete(self, review: Review) -> None:
        pass

    def check(self, review: Review) -> None:
        if review.kind.group != rbac.GROUP or review.operation == "delete" or MASTERS in review.caller.user.groups:
            return
        if _only_loosens(review.old, review.obj):
            return
        if isinstance(review.obj, rbac_pb2.Role | rbac_pb2.ClusterRole):
            self._check_role(review, review.obj)
        elif isinstance(review.obj, rbac_pb2.RoleBinding | rbac_pb2.ClusterRoleBinding):
            self._check_binding(review, review.obj)

    def _check_role(self, review: Review, role: rbac_pb2.Role | rbac_pb2.ClusterRole) -> None:
        if self._may(review, "escalate", review.kind.plural, review.key.name):
            return
        self._require(review, map(rbac.from_message, role.rules))
        if _aggregates(role) or _aggregates(review.old):
            held = self._authorizer.held_by(review.caller.user, "")
            if not rbac.covers(held, rbac.FULL_AUTHORITY):
                raise _refused(review.kind, review, "must have cluster-admin privileges to use an aggregationRule")

    def _check_binding(self, review: Review, binding: rbac_pb2.RoleBinding | rbac_pb2.ClusterRoleBinding) -> None:
        ref = binding.role_ref
        if ref.kind in _PLURALS and self._may(review, "bind", _PLURALS[ref.kind], ref.name):
            return
        self._require(review, self._authorizer.rules_of(ref, review.key.namespace))

    def _may(self, review: Review, verb: str, resource: str, name: str) -> bool:
        asked = Attributes(verb, rbac.GROUP, "v1", resource, namespace=review.key.namespace, name=name)
        return self._authorizer.decide(review.caller.user, asked).allowed

    def _require(self, review: Review, rules: Iterable[Rule]) -> None:
        user = review.caller.user
        lacking = rbac.missing(self._authorizer.held_by(user, review.key.namespace), rules)
        if lacking:
            groups = " ".join(f'"{group}"' for group in sorted(user.groups))
            told = "\n".join(sorted(map(str, lacking)))
            why = (
                f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{told}'
            )
            raise _refused(review.kind, review, why)


def _only_loosens(old: ApiObject | None, new: ApiObject | None) -> bool:
    """Whether nothing but owners and finalizers differ: what the collection of garbage needs."""
    if old is None or new is None:
        return False
    bare = []
    for obj in (old, new):
        one = copy_of(obj)
        one.metadata.resource_version = ""
        for changeable in ("owner_references", "finalizers", "managed_fields"):
            one.metadata.ClearField(changeable)
        bare.append(one)
    return bare[0] == bare[1]


def _aggregates(role: ApiObject | None) -> bool:
    return isinstance(role, rbac_pb2.ClusterRole) and bool(role.aggregation_rule.cluster_role_selectors)


def _refused(kind: Kind[Any], review: Review, why: str) -> errors.Forbidden:
    name = review.key.name
    return errors.Forbidden(f'{kind.resource} "{name}" is forbidden: {why}', kind=kind.resource, name=name)
