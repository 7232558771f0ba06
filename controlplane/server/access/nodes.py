"""What a node's agent may do: what the role system:node says, and of secrets and the like only what its own pods refer to.

Which node, pod or lease it then writes, the admission plugin NodeRestriction looks at. An agent sees all nodes, services,
slices and the leases of nodes: routes, service tables and the draining of connections are made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from controlplane.api.objects import Key
from controlplane.api.rbac import Rule
from controlplane.server.access.decision import REFUSED, Decision
from controlplane.server.access.grants import Grants, Held
from controlplane.server.access.node_pods import NodePods
from controlplane.server.users import Attributes

NODE_LEASES = "kube-node-lease"
_READS = ("get", "list", "watch")
_UPDATES = ("update", "patch")
_ALLOWED = Decision(True)


class Nodes:
    """`rules` are those of the role system:node."""

    def __init__(self, pods: NodePods, rules: Sequence[Rule]) -> None:
        self._pods = pods
        self._grants = Grants([Held(rule, 'ClusterRole "system:node"') for rule in rules])
        self._special: Mapping[tuple[str, str], Callable[[str, Attributes], Decision]] = {
            ("", "secrets"): self._read_referenced,
            ("", "configmaps"): self._read_referenced,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._get_referenced,
            ("", "serviceaccounts"): self._token,
            ("", "pods"): self._pod,
            ("coordination.k8s.io", "leases"): _lease,
        }

    def decide(self, node: str, asked: Attributes) -> Decision:
        special = self._special.get((asked.group, asked.resource))
        if special is not None:
            return special(node, asked)
        return _ALLOWED if self._grants.decide(asked).allowed else REFUSED

    def _read_referenced(self, node: str, asked: Attributes) -> Decision:
        if asked.verb not in _READS:
            return Decision(False, "can only read resources of this type")
        if asked.subresource:
            return Decision(False, "cannot read subresource")
        if not asked.namespace:
            return Decision(False, "can only read namespaced object of this type")
        return self._referenced(node, asked)

    def _get_referenced(self, node: str, asked: Attributes) -> Decision:
        if asked.verb != "get":
            return Decision(False, "can only get individual resources of this type")
        if asked.subresource:
            return Decision(False, "cannot get subresource")
        return self._referenced(node, asked)

    def _claim(self, node: str, asked: Attributes) -> Decision:
        if asked.subresource != "status":
            return self._get_referenced(node, asked)
        if asked.verb not in _UPDATES:
            return Decision(False, "can only get/update/patch this type")
        return self._referenced(node, asked)

    def _token(self, node: str, asked: Attributes) -> Decision:
        if asked.verb != "create" or not asked.name:
            return Decision(False, "can only create tokens for individual service accounts")
        if asked.subresource != "token":
            return Decision(False, "can only create token subresource of serviceaccount")
        return self._referenced(node, asked)

    def _pod(self, node: str, asked: Attributes) -> Decision:
        match asked.subresource, asked.verb:
            case "", "get":
                return self._referenced(node, asked)
            case "", "list" | "watch":
                if asked.selector.exact("spec.nodeName") == node:
                    return _ALLOWED
                if asked.name:
                    return self._referenced(node, asked)
                return Decision(False, "can only list/watch pods with spec.nodeName field selector")
            case ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create"):
                return _ALLOWED
        return REFUSED

    def _referenced(self, node: str, asked: Attributes) -> Decision:
        if not asked.name:
            return Decision(False, "No Object name found")
        if self._pods.concerns(node, asked.resource, Key(asked.namespace, asked.name)):
            return _ALLOWED
        return Decision(False, f"no relationship found between node '{node}' and this object")


def _lease(node: str, asked: Attributes) -> Decision:
    if asked.namespace != NODE_LEASES:
        return Decision(False, f'can only access leases in the "{NODE_LEASES}" system namespace')
    if asked.verb in _READS:
        return _ALLOWED
    if asked.subresource or asked.verb not in ("create", *_UPDATES, "delete"):
        return Decision(False, "can only get, create, update, patch, or delete a node lease")
    if asked.name != node:
        return Decision(False, "can only access node lease with the same name as the requesting node")
    return _ALLOWED
