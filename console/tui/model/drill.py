"""What an object offers: where Enter leads, what can be done to its kind, and which pods are its own."""

from __future__ import annotations

from typing import Any

from console.tui.model.views import (
    ListPlace,
    LogsPlace,
    Place,
    Scope,
    ServicePlace,
    Target,
    TextPlace,
    target_of,
)
from controlplane.api import labels, registry
from controlplane.api.objects import ApiObject, Key, controller_of
from controlplane.api.registry import Kind
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

SERVICE_NAME = "kubernetes.io/service-name"

# Actions that not every kind has. Those named nowhere here are for all.
_ABLE = {
    "logs": {"pods", "deployments", "replicasets"},
    "rollout": {"deployments", "replicasets"},
    "scale": {"deployments", "replicasets"},
    "image": {"deployments"},
    "undo": {"deployments"},
    "restart": {"deployments"},
    "cordon": {"nodes"},
}
_NOT_ABLE = {"edit": {"events"}}

# What Enter does, by kind, for the keys line.
_OPENS = {"deployments": "pods", "replicasets": "pods", "nodes": "pods", "services": "endpoints", "pods": "logs",
          "namespaces": "use", "events": "object"}  # fmt: skip


def can(kind: Kind[Any], action: str) -> bool:
    if action in _ABLE:
        return kind.plural in _ABLE[action]
    return kind.plural not in _NOT_ABLE.get(action, ())


def opens(kind: Kind[Any]) -> str:
    return _OPENS.get(kind.plural, "describe")


def place_of(obj: ApiObject) -> Place:
    """Where Enter leads. Choosing a namespace is no place and is left to the caller."""
    match obj:
        case core.Pod():
            return LogsPlace(target_of(obj))
        case core.Service():
            return ServicePlace(target_of(obj))
        case apps.Deployment() | apps.ReplicaSet() | core.Node():
            return ListPlace(registry.PODS, "", scope=pods_of(obj))
        case core.Event():
            return _involved(obj)
    return TextPlace(target_of(obj), "describe")


def pods_of(obj: ApiObject) -> Scope:
    """The pods that an object stands for."""
    label = str(target_of(obj))
    match obj:
        case core.Node():
            node = obj.metadata.name
            return Scope(label, lambda pod: isinstance(pod, core.Pod) and pod.spec.node_name == node)
        case core.Pod():
            uid = obj.metadata.uid
            return Scope(label, lambda pod: pod.metadata.uid == uid, obj.metadata.namespace)
        case apps.ReplicaSet():
            return Scope(label, lambda pod: _owner_uid(pod) == obj.metadata.uid, obj.metadata.namespace)
        case apps.Deployment():
            return _selected(label, obj.metadata.namespace, labels.from_label_selector(obj.spec.selector))
        case core.Service():
            return _selected(label, obj.metadata.namespace, labels.from_map(obj.spec.selector))
    return Scope(label, lambda _pod: False)


def owner_deployment(replica_set: ApiObject) -> Target | None:
    """The deployment that manages a replica set."""
    owner = controller_of(replica_set)
    if owner is None or owner.kind != registry.DEPLOYMENTS.name:
        return None
    return Target(registry.DEPLOYMENTS, Key(replica_set.metadata.namespace, owner.name))


def _selected(label: str, namespace: str, selector: labels.Selector) -> Scope:
    def keeps(pod: ApiObject) -> bool:
        return pod.metadata.namespace == namespace and selector.matches(pod.metadata.labels)

    return Scope(label, keeps, namespace)


def _owner_uid(obj: ApiObject) -> str:
    owner = controller_of(obj)
    return owner.uid if owner is not None else ""


def _involved(event: core.Event) -> Place:
    about = event.involved_object
    kind = registry.by_type(about.api_version, about.kind) or registry.by_word(about.kind)
    if kind is None:
        return TextPlace(target_of(event), "describe")
    return TextPlace(Target(kind, Key(about.namespace if kind.namespaced else "", about.name)), "describe")
