"""Who may do what.

Administrators (group system:masters) may do everything, and so may the controller manager, which clears away whatever a
namespace or an owner leaves behind. The scheduler may do everything but touch secrets. An agent reads what it needs to run
pods and writes only its own node, its own lease, events, and the status and end of the pods that are bound to it.
"""

from __future__ import annotations

from typing import Any, Literal

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.server.users import CONTROLLER_MANAGER, MASTERS, SCHEDULER, User
from protos.v1 import core_pb2 as core

Verb = Literal["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "logs"]

NODE_LEASES = "kube-node-lease"
_READS = frozenset({"get", "list", "watch"})
_NODE_READS = frozenset(
    kind.resource
    for kind in (registry.NAMESPACES, registry.NODES, registry.PODS, registry.SERVICES, registry.ENDPOINT_SLICES,
                 registry.CONFIG_MAPS, registry.SECRETS, registry.LEASES)
)  # fmt: skip


def authorize(user: User, verb: Verb, kind: Kind[Any], key: Key, *, subresource: str = "") -> None:
    """Raises Forbidden, or Unauthorized for somebody without a name."""
    if not user.name:
        raise errors.Unauthorized("no client certificate; use a kubeconfig that has one")
    if MASTERS in user.groups:
        return
    if user.name == CONTROLLER_MANAGER or (user.name == SCHEDULER and kind is not registry.SECRETS):
        return
    if user.node and _node_may(user.node, verb, kind, key, subresource):
        return
    what = f"{kind.resource}/{subresource}" if subresource else kind.resource
    where = f' in the namespace "{key.namespace}"' if key.namespace else ""
    name = f' "{key.name}"' if key.name else ""
    raise errors.Forbidden(
        f'{kind.resource}{name} is forbidden: User "{user.name}" cannot {verb} resource "{what}"{where}',
        kind=kind.resource,
        name=key.name,
    )


def authorize_object(user: User, verb: Verb, obj: ApiObject) -> None:
    """What depends on the object itself: an agent writes only pods that are bound to its node."""
    if user.node and isinstance(obj, core.Pod) and obj.spec.node_name != user.node:
        raise errors.Forbidden(
            f'pods "{obj.metadata.name}" is forbidden: node "{user.node}" cannot {verb} a pod of another node',
            kind="pods",
            name=obj.metadata.name,
        )


def _node_may(node: str, verb: Verb, kind: Kind[Any], key: Key, subresource: str) -> bool:
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
