"""Who may do what.

Administrators (group system:masters) may do everything, and so may the controller manager, which clears away whatever a
namespace or an owner leaves behind. The scheduler may do everything but touch secrets. An agent reads what it needs to run
pods and writes only its own node, its own lease, events, and the status and end of the pods that are bound to it.
"""

from __future__ import annotations

from typing import Any

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.server.users import CONTROLLER_MANAGER, MASTERS, SCHEDULER, Attributes, Caller
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core

NODE_LEASES = "kube-node-lease"
_READS = frozenset({"get", "list", "watch"})
_NODE_READS = frozenset(
    kind.resource
    for kind in (registry.NAMESPACES, registry.NODES, registry.PODS, registry.SERVICES, registry.ENDPOINT_SLICES,
                 registry.CONFIG_MAPS, registry.SECRETS, registry.LEASES)
)  # fmt: skip


class Authorizer:
    """Decides on what the watch cache holds."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def check(self, caller: Caller, verb: str, kind: Kind[Any], key: Key, subresource: str = "") -> None:
        """Raises Forbidden, or Unauthorized for somebody without a name. Notes what was asked in `caller`."""
        caller.attributes = Attributes(verb, kind.group, kind.version, kind.plural, subresource, key.namespace, key.name)
        user = caller.user
        if not user.name:
            raise errors.Unauthorized("no client certificate; use a kubeconfig that has one")
        if MASTERS in user.groups:
            return
        if user.name == CONTROLLER_MANAGER or (user.name == SCHEDULER and kind is not registry.SECRETS):
            return
        if user.node and _node_may(user.node, verb, kind, key, subresource):
            return
        raise refusal(caller, kind)

    def check_object(self, caller: Caller, verb: str, obj: ApiObject) -> None:
        """What depends on the object itself: an agent writes only pods that are bound to its node."""
        node = caller.user.node
        if node and isinstance(obj, core.Pod) and obj.spec.node_name != node:
            raise errors.Forbidden(
                f'pods "{obj.metadata.name}" is forbidden: node "{node}" cannot {verb} a pod of another node',
                kind="pods",
                name=obj.metadata.name,
            )


def refusal(caller: Caller, kind: Kind[Any], why: str = "") -> errors.Forbidden:
    """The refusal of what the caller asked last, in Kubernetes' words."""
    asked = caller.attributes or Attributes("")
    what = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    where = f' in the namespace "{asked.namespace}"' if asked.namespace else " at the cluster scope"
    name = f' "{asked.name}"' if asked.name else ""
    return errors.Forbidden(
        f'{kind.resource}{name} is forbidden: User "{caller.user.name}" cannot {asked.verb} resource "{what}" in API group '
        f'"{asked.group}"{where}{": " + why if why else ""}',
        kind=kind.resource,
        name=asked.name,
    )


def _node_may(node: str, verb: str, kind: Kind[Any], key: Key, subresource: str) -> bool:
    if verb in _READS:
        return kind.resource in _NODE_READS
    if kind is registry.NODES:
        return verb in ("create", "update", "patch") and key.name == node
    if kind is registry.LEASES:
        return verb in ("create", "update", "patch") and key == Key(NODE_LEASES, node)
    if kind is registry.EVENTS:
        return verb in ("create", "update", "patch")
    if kind is registry.PODS:
        return verb == "delete" or (verb in ("update", "patch") and subresource == "status")
    return False
