"""Who may do what: one decision for each request, by the first authorizer that allows it.

Administrators (group system:masters) may do everything. The controller manager may, too, and the scheduler but for secrets.
An agent reads what it needs to run pods and writes only its own node, its own lease, events, and the status and end of the
pods that are bound to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors, registry
from controlplane.api.fields import FieldSelector
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.server.users import CONTROLLER_MANAGER, EVERYTHING, MASTERS, SCHEDULER, Attributes, Caller, User
from controlplane.store.cache import Cache
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import core_pb2 as core

NODE_LEASES = "kube-node-lease"
_READS = frozenset({"get", "list", "watch"})
_NODE_READS = frozenset({"namespaces", "nodes", "pods", "services", "endpointslices", "configmaps", "secrets", "leases"})


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` says what allowed it, or what else is to be said of a refusal; it may be empty."""

    allowed: bool
    reason: str = ""


class Authorizer:
    """Decides on what the watch cache holds."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def decide(self, user: User, asked: Attributes) -> Decision:
        """Never raises; a user without a name may do nothing."""
        if not user.name:
            return Decision(False, "no user")
        if MASTERS in user.groups:
            return Decision(True)
        if user.name == CONTROLLER_MANAGER or (user.name == SCHEDULER and asked.resource != "secrets"):
            return Decision(True)
        return Decision(bool(user.node) and _node_may(user.node, asked))

    def rules_for(
        self, user: User, namespace: str
    ) -> tuple[Sequence[authorization.ResourceRule], Sequence[authorization.NonResourceRule], bool]:
        """What the user may do in the namespace: to resources, to other paths, and whether there may be more."""
        everything = MASTERS in user.groups or user.name == CONTROLLER_MANAGER
        if not everything:
            return (), (), True
        resources = authorization.ResourceRule(verbs=["*"], api_groups=["*"], resources=["*"])
        return (resources,), (authorization.NonResourceRule(verbs=["*"], non_resource_urls=["*"]),), False

    def check(
        self, caller: Caller, verb: str, kind: Kind[Any], key: Key, subresource: str = "",
        selector: FieldSelector = EVERYTHING,
    ) -> None:  # fmt: skip
        """Raises Forbidden, or Unauthorized for somebody without a name. Notes what was asked in `caller`."""
        caller.attributes = asked = Attributes(
            verb, kind.group, kind.version, kind.plural, subresource, key.namespace, key.name, selector=selector
        )
        self._require(caller, asked)

    def check_path(self, caller: Caller, verb: str, path: str) -> None:
        """As `check`, for what is no resource: `/healthz`, `/metrics`."""
        caller.attributes = asked = Attributes(verb, path=path)
        self._require(caller, asked)

    def _require(self, caller: Caller, asked: Attributes) -> None:
        if not caller.user.name:
            raise errors.Unauthorized("no client certificate; use a kubeconfig that has one")
        decision = self.decide(caller.user, asked)
        if not decision.allowed:
            raise refusal(caller.user, asked, decision.reason)

    def check_object(self, caller: Caller, verb: str, obj: ApiObject) -> None:
        """What depends on the object itself: an agent writes only pods that are bound to its node."""
        node = caller.user.node
        if node and isinstance(obj, core.Pod) and obj.spec.node_name != node:
            raise errors.Forbidden(
                f'pods "{obj.metadata.name}" is forbidden: node "{node}" cannot {verb} a pod of another node',
                kind="pods",
                name=obj.metadata.name,
            )


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


def _node_may(node: str, asked: Attributes) -> bool:
    if asked.verb in _READS:
        return asked.resource in _NODE_READS
    if asked.resource == registry.NODES.plural:
        return asked.verb in ("create", "update", "patch") and asked.name == node
    if asked.resource == registry.LEASES.plural:
        own = (asked.namespace, asked.name) == (NODE_LEASES, node)
        return own and asked.verb in ("create", "update", "patch")
    if asked.resource == registry.EVENTS.plural:
        return asked.verb in ("create", "update", "patch")
    if asked.resource == registry.PODS.plural:
        return asked.verb == "delete" or (asked.verb in ("update", "patch") and asked.subresource == "status")
    return False
