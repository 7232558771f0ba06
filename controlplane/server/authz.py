"""Who may do what: one decision for each request, by the first authorizer that allows it.

Administrators (group system:masters) may do everything; a node's agent what its node needs (`access/nodes.py`); everybody
what roles and bindings grant them (`access/rbac.py`). All decide on the watch cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.api import errors
from controlplane.api.fields import FieldSelector
from controlplane.api.kind import Kind
from controlplane.api.objects import Key
from controlplane.api.rbac import FULL_AUTHORITY, Rule
from controlplane.server.access.decision import Decision
from controlplane.server.access.default_roles import NODE_RULES
from controlplane.server.access.node_pods import NodePods
from controlplane.server.access.nodes import NODE_LEASES, Nodes
from controlplane.server.access.rbac import Rbac
from controlplane.server.users import MASTERS, Attributes, Caller, User
from controlplane.store.cache import Cache
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import rbac_pb2

__all__ = ["NODE_LEASES", "Authorizer", "Decision", "refusal"]

_MASTER = Decision(True)
_NOBODY = Decision(False, "no user")


class Authorizer:
    def __init__(self, cache: Cache) -> None:
        self._rbac = Rbac(cache)
        self._nodes = Nodes(NodePods(cache), NODE_RULES)

    def decide(self, user: User, asked: Attributes) -> Decision:
        """Never raises; a user without a name may do nothing."""
        if not user.name:
            return _NOBODY
        if MASTERS in user.groups:
            return _MASTER
        decision = self._rbac.decide(user, asked)
        node = user.node
        if decision.allowed or not node:
            return decision
        as_node = self._nodes.decide(node, asked)
        if as_node.allowed:
            return as_node
        return Decision(False, "\n".join(filter(None, (as_node.reason, decision.reason))))

    def held_by(self, user: User, namespace: str) -> Sequence[Rule]:
        """The rules that the user holds by roles in the namespace, or everywhere if it is empty."""
        if MASTERS in user.groups:
            return FULL_AUTHORITY
        return [held.rule for held in self._rbac.grants(user).held(namespace)]

    def rules_of(self, ref: rbac_pb2.RoleRef, namespace: str) -> Sequence[Rule]:
        """The rules of the role that a binding in the namespace refers to. Raises NotFound."""
        return self._rbac.rules_of(ref, namespace)

    def rules_for(
        self, user: User, namespace: str
    ) -> tuple[Sequence[authorization.ResourceRule], Sequence[authorization.NonResourceRule], bool]:
        """What the user may do in the namespace: to resources, to other paths, and whether there may be more, as there is
        for a node, whose rights depend on its pods."""
        held = self.held_by(user, namespace)
        resources = [
            authorization.ResourceRule(
                verbs=rule.verbs, api_groups=rule.groups, resources=rule.resources, resource_names=rule.names
            )
            for rule in held
            if rule.resources
        ]
        paths = [
            authorization.NonResourceRule(verbs=rule.verbs, non_resource_urls=rule.paths) for rule in held if rule.paths
        ]
        return resources, paths, bool(user.node)

    def check(self, caller: Caller, verb: str, kind: Kind[Any], key: Key, subresource: str = "") -> None:
        """Raises Forbidden, or Unauthorized for somebody without a name. Notes what was asked in `caller`."""
        self._require(
            caller, Attributes(verb, kind.group, kind.version, kind.plural, subresource, key.namespace, key.name)
        )  # fmt: skip

    def check_many(self, caller: Caller, verb: str, kind: Kind[Any], namespace: str, selector: FieldSelector) -> None:
        """As `check`, for objects that are selected: in a namespace, or in all if it is empty. Who reads only the one object
        of a name asks for that one."""
        name = selector.exact("metadata.name") or "" if verb in ("list", "watch") else ""
        self._require(
            caller, Attributes(verb, kind.group, kind.version, kind.plural, "", namespace, name, selector=selector)
        )  # fmt: skip

    def check_path(self, caller: Caller, verb: str, path: str) -> None:
        """As `check`, for what is no resource: `/healthz`, `/metrics`."""
        self._require(caller, Attributes(verb, path=path))

    def _require(self, caller: Caller, asked: Attributes) -> None:
        caller.attributes = asked
        if not caller.user.name:
            raise errors.Unauthorized("no client certificate; use a kubeconfig that has one")
        decision = self.decide(caller.user, asked)
        if not decision.allowed:
            raise refusal(caller.user, asked, decision.reason)


def refusal(user: User, asked: Attributes, reason: str = "") -> errors.Forbidden:
    """The refusal in Kubernetes' words."""
    why = f": {reason}" if reason else ""
    if asked.path:
        return errors.Forbidden(f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"{why}')
    resource = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
    what = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    where = f' in the namespace "{asked.namespace}"' if asked.namespace else " at the cluster scope"
    name = f' "{asked.name}"' if asked.name else ""
    return errors.Forbidden(
        f'{resource}{name} is forbidden: User "{user.name}" cannot {asked.verb} resource "{what}" in API group '
        f'"{asked.group}"{where}{why}',
        kind=resource,
        name=asked.name,
    )
