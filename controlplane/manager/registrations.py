"""The controllers that run, each with what it watches. Adding one starts with a row here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import labels, objects, registry
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind
from controlplane.controllers import custom_resources, garbage, namespace
from controlplane.controllers.backends import SELECTS, changed_for_services, services_of
from controlplane.controllers.certificates import plan_clearing_away
from controlplane.controllers.clusterrole_aggregation import aggregates, plan_aggregation
from controlplane.controllers.deployment import plan_deployment
from controlplane.controllers.endpoints import plan_endpoints
from controlplane.controllers.endpointslice import SERVICE_NAME, plan_endpoint_slices
from controlplane.controllers.namespace import plan_namespace
from controlplane.controllers.node import plan_node
from controlplane.controllers.node_ipam import plan_node_ranges
from controlplane.controllers.plan import Plan
from controlplane.controllers.pod_garbage import plan_lost_pod
from controlplane.controllers.replicaset import plan_replica_set
from controlplane.controllers.taint_eviction import plan_taint_eviction
from controlplane.controllers.token_secrets import account_of, plan_token_secret
from controlplane.controllers.view import CONTROLLED_BY, LABEL, NAMESPACE, NODE, ORPHANS_IN, OWNED_BY, View
from controlplane.manager.controller import Controller, Custom, Read, Watch, for_each, itself
from controlplane.manager.heartbeats import Heartbeats
from controlplane.manager.policies import policy_controllers
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import rbac_pb2 as rbac

_OWNED = (
    Read(registry.PODS, CONTROLLED_BY),
    Read(registry.PODS, ORPHANS_IN),
    Read(registry.REPLICA_SETS, CONTROLLED_BY),
    Read(registry.REPLICA_SETS, ORPHANS_IN),
)
_SELECTED = (Read(registry.PODS, LABEL), Read(registry.SERVICES, SELECTS), Read(registry.ENDPOINT_SLICES, LABEL))


def all_controllers(
    heartbeats: Heartbeats, *, cluster_cidr: str, node_cidr_bits: int, grace_seconds: float, root_ca: str = ""
) -> list[Controller[Any]]:
    return [
        _deployments(),
        _replica_sets(),
        _endpoint_slices(),
        _endpoints(),
        _nodes(heartbeats, grace_seconds),
        _taint_eviction(),
        _node_ranges(cluster_cidr, node_cidr_bits),
        _lost_pods(),
        _namespaces(),
        _garbage(),
        _definitions(),
        _cluster_role_aggregation(),
        _certificate_requests(),
        _token_secrets(),
        *policy_controllers(root_ca),
    ]


def _controllers_of(kind: Kind[Any]) -> Any:
    """Keys of the owners of a kind that manage, or managed, the object; for an orphan, of those that select it."""

    def keys(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Key]:
        for obj in (old, new):
            owner = objects.controller_of(obj) if obj is not None else None
            if obj is not None and owner is not None and owner.kind == kind.name:
                yield Key(obj.metadata.namespace, owner.name)
        if new is not None and objects.controller_of(new) is None and _is_new_orphan(old, new):
            for candidate in view.select(kind, NAMESPACE, new.metadata.namespace):
                if labels.from_label_selector(candidate.spec.selector).matches(new.metadata.labels):
                    yield key_of(candidate)

    return keys


def _is_new_orphan(old: ApiObject | None, new: ApiObject) -> bool:
    return old is None or objects.controller_of(old) is not None or old.metadata.labels != new.metadata.labels


def _deployments() -> Controller[Key]:
    def gone_pod(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
        """A strategy that waits for the last old pod has to hear of its end."""
        owner = objects.controller_of(old) if old is not None and new is None else None
        if old is None or owner is None:
            return
        replica_set = view.get(registry.REPLICA_SETS, owner.name, old.metadata.namespace)
        above = objects.controller_of(replica_set) if replica_set is not None else None
        if above is not None:
            yield Key(old.metadata.namespace, above.name)

    return Controller(
        "deployment-controller",
        for_each(registry.DEPLOYMENTS, plan_deployment),
        (
            Watch(registry.DEPLOYMENTS, itself),
            Watch(registry.REPLICA_SETS, _controllers_of(registry.DEPLOYMENTS)),
            Watch(registry.PODS, gone_pod),
        ),
        (*_OWNED, Read(registry.DEPLOYMENTS, NAMESPACE)),
    )


def _replica_sets() -> Controller[Key]:
    watches = (
        Watch(registry.REPLICA_SETS, itself),
        Watch(registry.PODS, _controllers_of(registry.REPLICA_SETS)),
    )
    reads = (*_OWNED, Read(registry.REPLICA_SETS, NAMESPACE))
    return Controller("replicaset-controller", for_each(registry.REPLICA_SETS, plan_replica_set), watches, reads)


def _selecting(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
    if changed_for_services(old, new):
        for pod in (old, new):
            if pod is not None:
                yield from map(key_of, services_of(pod, view))


def _service_of_slice(
    old: discovery.EndpointSlice | None, new: discovery.EndpointSlice | None, _view: View
) -> Iterable[Key]:
    for found in (old, new):
        if found is not None and SERVICE_NAME in found.metadata.labels:
            yield Key(found.metadata.namespace, found.metadata.labels[SERVICE_NAME])


def _endpoint_slices() -> Controller[Key]:
    watches = (
        Watch(registry.SERVICES, itself),
        Watch(registry.PODS, _selecting),
        Watch(registry.ENDPOINT_SLICES, _service_of_slice),
    )
    return Controller("endpoint-slice-controller", for_each(registry.SERVICES, plan_endpoint_slices), watches, _SELECTED)


def _endpoints() -> Controller[Key]:
    watches = (Watch(registry.SERVICES, itself), Watch(registry.PODS, _selecting), Watch(registry.ENDPOINTS, itself))
    return Controller("endpoint-controller", plan_endpoints, watches, _SELECTED)


def _node_of_pod(_old: core.Pod | None, new: core.Pod | None, _view: View) -> Iterable[Key]:
    if new is not None and new.spec.node_name:
        yield Key("", new.spec.node_name)


def _nodes(heartbeats: Heartbeats, grace_seconds: float) -> Controller[Key]:
    def plan(node: core.Node, view: View, now: float) -> Plan:
        silent = heartbeats.silent_seconds(node.metadata.name)
        return plan_node(node, view, now, silent_seconds=silent, grace_seconds=grace_seconds)

    def on_lost_node(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
        for key in _node_of_pod(old, new, view):
            node = view.get(registry.NODES, key.name)
            if node is not None and not objects.condition_is(node.status.conditions, "Ready"):
                yield key

    watches = (Watch(registry.NODES, itself), Watch(registry.PODS, on_lost_node))
    return Controller("node-controller", for_each(registry.NODES, plan), watches, (Read(registry.PODS, NODE),))


def _taint_eviction() -> Controller[Key]:
    def on_tainted_node(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
        for key in _node_of_pod(old, new, view):
            node = view.get(registry.NODES, key.name)
            if node is not None and node.spec.taints:
                yield key

    plan = for_each(registry.NODES, plan_taint_eviction)
    watches = (Watch(registry.NODES, itself), Watch(registry.PODS, on_tainted_node))
    return Controller("taint-eviction-controller", plan, watches, (Read(registry.PODS, NODE),))


def _node_ranges(cluster_cidr: str, node_cidr_bits: int) -> Controller[str]:
    def plan(_key: str, view: View, _now: float) -> Plan:
        return plan_node_ranges(view, cluster_cidr=cluster_cidr, node_cidr_bits=node_cidr_bits)

    def all_nodes(_old: core.Node | None, new: core.Node | None, _view: View) -> Iterable[str]:
        """One key for all, so that nobody else plans at the same time."""
        return ("nodes",) if new is None or not new.spec.pod_cidr else ()

    return Controller("node-controller", plan, (Watch(registry.NODES, all_nodes),), workers=1)


def _lost_pods() -> Controller[Key]:
    def on_gone_node(old: core.Node | None, new: core.Node | None, view: View) -> Iterable[Key]:
        if old is not None and new is None:
            yield from map(key_of, view.select(registry.PODS, NODE, old.metadata.name))

    def unknown_node(old: core.Pod | None, new: core.Pod | None, view: View) -> Iterable[Key]:
        unknown = (key for key in _node_of_pod(old, new, view) if view.get(registry.NODES, key.name) is None)
        return (key_of(new) for _ in unknown if new is not None)

    watches = (Watch(registry.NODES, on_gone_node), Watch(registry.PODS, unknown_node))
    return Controller("pod-garbage-collector", for_each(registry.PODS, plan_lost_pod), watches, (Read(registry.PODS, NODE),))


def _namespaces() -> Controller[Key]:
    def content(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Key]:
        obj = new if new is not None else old
        home = view.get(registry.NAMESPACES, obj.metadata.namespace) if obj is not None else None
        if home is not None and objects.is_terminating(home):
            yield key_of(home)

    watches = (Watch(registry.NAMESPACES, itself), *(Watch(kind, content) for kind in namespace.WATCHED))
    reads = tuple(Read(kind, NAMESPACE) for kind in namespace.WATCHED)
    plan, custom = for_each(registry.NAMESPACES, plan_namespace), Custom(content, (NAMESPACE,))
    return Controller("namespace-controller", plan, watches, reads, custom=custom)


def _garbage() -> Controller[garbage.Ref]:
    watches = tuple(Watch(kind, garbage.concerned) for kind in garbage.COLLECTED)
    reads = tuple(Read(kind, OWNED_BY) for kind in garbage.COLLECTED)
    custom = Custom(garbage.concerned, (OWNED_BY,))
    return Controller("garbage-collector", garbage.plan_garbage, watches, reads, custom=custom)


def _definitions() -> Controller[Key]:
    definitions = registry.CUSTOM_RESOURCE_DEFINITIONS
    plan = for_each(definitions, custom_resources.plan_definition)
    watches = (Watch(definitions, custom_resources.same_group),)
    return Controller("customresourcedefinition-controller", plan, watches, custom=Custom(custom_resources.definition_of))


def _cluster_role_aggregation() -> Controller[Key]:
    def aggregated(_old: rbac.ClusterRole | None, _new: rbac.ClusterRole | None, view: View) -> Iterable[Key]:
        """Any role may have been, or may become, part of any of them."""
        return (key_of(role) for role in view.all(registry.CLUSTER_ROLES) if aggregates(role))

    plan = for_each(registry.CLUSTER_ROLES, plan_aggregation)
    return Controller("clusterrole-aggregation-controller", plan, (Watch(registry.CLUSTER_ROLES, aggregated),), workers=1)


def _certificate_requests() -> Controller[Key]:
    watches = (Watch(registry.CERTIFICATE_SIGNING_REQUESTS, itself),)
    return Controller("csrcleaner", for_each(registry.CERTIFICATE_SIGNING_REQUESTS, plan_clearing_away), watches)


def _token_secrets() -> Controller[Key]:
    def on_gone_account(old: core.ServiceAccount | None, new: core.ServiceAccount | None, view: View) -> Iterable[Key]:
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            for secret in view.select(registry.SECRETS, NAMESPACE, old.metadata.namespace):
                if account_of(secret) == key_of(old):
                    yield key_of(secret)

    watches = (Watch(registry.SECRETS, itself), Watch(registry.SERVICE_ACCOUNTS, on_gone_account))
    reads = (Read(registry.SECRETS, NAMESPACE),)
    return Controller("token-controller", for_each(registry.SECRETS, plan_token_secret), watches, reads)
