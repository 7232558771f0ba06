"""What a node's agent may write: its own node without its taints and others' labels, its own lease, its own pods' status and
end, mirror pods that refer to nothing, and tokens for its own pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from controlplane.api import errors, registry
from controlplane.api.objects import Key, copy_of
from controlplane.api.pod_references import MIRROR, references_of
from controlplane.server.access.nodes import NODE_LEASES
from controlplane.server.admission.review import Review
from controlplane.store.cache import Cache
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core

_RESTRICTED = "node-restriction.kubernetes.io"
_RESERVED = ("kubernetes.io", "k8s.io")
_OF_AGENTS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_AGENT_LABELS = frozenset(
    {
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os",
        "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
    }
)  # fmt: skip


class NodeRestriction:
    """Looks at the object as it was sent, before others fill it in."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        node = review.caller.user.node
        if not node:
            return
        why = self._why_not(node, review)
        if why:
            resource, name = review.kind.resource, review.key.name
            raise errors.Forbidden(f'{resource} "{name}" is forbidden: {why}', kind=resource, name=name)

    def check(self, review: Review) -> None:
        pass

    def _why_not(self, node: str, review: Review) -> str:
        """Why the node may not make this write, or empty."""
        match review.kind:
            case registry.PODS:
                return self._pod(node, review)
            case registry.NODES:
                return _node(node, review)
            case registry.PERSISTENT_VOLUME_CLAIMS:
                return _claim(node, review)
            case registry.SERVICE_ACCOUNTS if review.subresource == "token":
                return self._token(node, review)
            case registry.LEASES:
                if review.key.namespace != NODE_LEASES:
                    return f'can only access leases in the "{NODE_LEASES}" system namespace'
                if review.key.name != node:
                    return "can only access node lease with the same name as the requesting node"
        return ""

    def _pod(self, node: str, review: Review) -> str:
        match review.subresource, review.operation:
            case "", "create":
                return self._mirror_pod(node, cast("core.Pod", review.obj))
            case "", "delete":
                if self._node_of(review) != node:
                    return f'node "{node}" can only delete pods with spec.nodeName set to itself'
            case "status", "update":
                return _pod_status(node, cast("core.Pod", review.old), cast("core.Pod", review.obj))
            case "eviction", _:
                if self._node_of(review) != node:
                    return f"node {node} can only evict pods with spec.nodeName set to itself"
            case "", _:
                return f'unexpected operation "{review.operation}", node "{node}" can only create and delete mirror pods'
            case other, _:
                return f"unexpected pod subresource \"{other}\", only 'status' and 'eviction' are allowed"
        return ""

    def _node_of(self, review: Review) -> str:
        """The node of the pod that the review is about, empty if there is no such pod."""
        if isinstance(review.old, core.Pod):
            return review.old.spec.node_name
        record = self._cache.of(registry.PODS).get(review.key)
        return "" if record is None else record.field("spec.nodeName")

    def _mirror_pod(self, node: str, pod: core.Pod) -> str:
        if MIRROR not in pod.metadata.annotations:
            return f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
        if pod.spec.node_name != node:
            return f'node "{node}" can only create pods with spec.nodeName set to itself'
        return self._mirror_owner(node, pod) or _mirror_references(node, pod)

    def _mirror_owner(self, node: str, pod: core.Pod) -> str:
        owners = pod.metadata.owner_references
        if len(owners) > 1:
            return f'node "{node}" can only create pods with a single owner reference set to itself'
        if not owners or (owners[0].api_version, owners[0].kind, owners[0].name) != ("v1", "Node", node):
            return f'node "{node}" can only create pods with an owner reference set to itself'
        if not owners[0].controller:
            return f'node "{node}" can only create pods with a controller owner reference set to itself'
        if owners[0].block_owner_deletion:
            return f'node "{node}" must not set blockOwnerDeletion on an owner reference'
        record = self._cache.of(registry.NODES).get(Key("", node))
        if record is None:
            return f'nodes "{node}" not found'
        if owners[0].uid != record.uid:
            return f"node {node} UID mismatch: expected {owners[0].uid} got {record.uid}"
        return ""

    def _token(self, node: str, review: Review) -> str:
        request = review.obj
        bound = request.spec.bound_object_ref if isinstance(request, authentication.TokenRequest) else None
        if bound is None or (bound.api_version, bound.kind) != ("v1", "Pod") or not bound.name:
            return "node requested token not bound to a pod"
        if not bound.uid:
            return "node requested token with a pod binding without a uid"
        pod = self._cache.of(registry.PODS).get(Key(review.key.namespace, bound.name))
        if pod is None:
            return f'pods "{bound.name}" not found'
        if pod.uid != bound.uid:
            return (
                f"the UID in the bound object reference ({bound.uid}) does not match the UID in record. "
                "The object might have been deleted and then recreated"
            )
        if pod.field("spec.nodeName") != node:
            return "node requested token bound to a pod scheduled on a different node"
        return ""


def _mirror_references(node: str, pod: core.Pod) -> str:
    bare = copy_of(pod)
    del bare.metadata.annotations[MIRROR]
    named = references_of(bare)
    refers = (
        ("a service account", named.service_accounts),
        ("secrets", named.secrets),
        ("configmaps", named.config_maps),
        ("persistentvolumeclaims", named.claims),
    )
    return next((f'node "{node}" can not create pods that reference {what}' for what, names in refers if names), "")


def _pod_status(node: str, old: core.Pod, new: core.Pod) -> str:
    if old.spec.node_name != node:
        return f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
    if old.metadata.labels != new.metadata.labels:
        return f'node "{node}" cannot update labels through pod status'
    return ""


def _node(node: str, review: Review) -> str:
    if review.key.name != node:
        return f'node "{node}" is not allowed to modify node "{review.key.name}"'
    new, old = review.obj, review.old
    if not isinstance(new, core.Node):
        return ""
    before = old if isinstance(old, core.Node) else core.Node()
    if new.spec.HasField("config_source") and new.spec.config_source != before.spec.config_source:
        return f'node "{node}" is not allowed to set configSource'
    if old is not None and list(new.spec.taints) != list(before.spec.taints):
        return f'node "{node}" is not allowed to modify taints'
    forbidden = ", ".join(sorted(filter(_is_forbidden, _changed(before.metadata.labels, new.metadata.labels))))
    if not forbidden:
        return ""
    if old is None:
        return f'node "{node}" is not allowed to set the following labels: {forbidden}'
    return f"is not allowed to modify labels: {forbidden}"


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {label for label in {*before, *after} if before.get(label) != after.get(label)}


def _is_forbidden(label: str) -> bool:
    prefix = label.rpartition("/")[0]
    if not _is_within(prefix, _RESERVED) or label in _AGENT_LABELS:
        return False
    return _is_within(prefix, (_RESTRICTED,)) or not _is_within(prefix, _OF_AGENTS)


def _is_within(prefix: str, domains: tuple[str, ...]) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains)


def _claim(node: str, review: Review) -> str:
    if review.subresource != "status":
        return "may only update PVC status"
    old = copy_of(cast("core.PersistentVolumeClaim", review.old))
    new = copy_of(cast("core.PersistentVolumeClaim", review.obj))
    for claim in (old, new):
        claim.metadata.resource_version = ""
        claim.metadata.ClearField("managed_fields")
        for changeable in ("capacity", "conditions", "allocated_resources", "allocated_resource_statuses"):
            claim.status.ClearField(changeable)
    if old != new:
        return f'node "{node}" is not allowed to update fields other than status.capacity and status.conditions'
    return ""
