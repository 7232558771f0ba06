"""May this object be stored? All that is wrong with it, in Kubernetes' words, each problem with its path.

The rules themselves are in `controlplane.api.rules`, one module per family of kinds. They look at objects that have their
defaults. A status is checked by no one but its writer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controlplane.api import custom_objects
from controlplane.api.errors import Problem
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from controlplane.api.remembering import Remembered
from controlplane.api.rules import (
    autoscaling,
    bodies,
    certificates,
    cluster,
    config,
    cron_jobs,
    definitions,
    disruption,
    endpoints,
    ingresses,
    jobs,
    metadata,
    network_policies,
    pod_updates,
    pods,
    quotas,
    rbac,
    replication,
    scheduling,
    services,
    sets,
    storage,
    workloads,
)
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core
from protos.v1.resources_pb2 import CustomObject

_Rule = Callable[[Place, Any], None]
_UpdateRule = Callable[[Place, Any, Any], None]


def problems_of(kind: Kind[Any], obj: ApiObject) -> list[Problem]:
    """What is wrong with the object by itself; empty when it may be stored."""
    problems: list[Problem] = []
    at = Place.root(problems)
    if kind.verbs:
        metadata.check_metadata(at / "metadata", kind, obj.metadata)
    rule = None if kind.is_custom else _RULES.get(kind.name)
    if rule is not None:
        rule(at, obj)
    return problems


def name_problems(kind: Kind[Any], obj: ApiObject) -> list[Problem]:
    """What is wrong with the object's name, for one whose like, but for the name, is known to be good."""
    if metadata.is_good_name(kind, obj.metadata.name):
        return []
    problems: list[Problem] = []
    metadata.check_metadata(Place.root(problems) / "metadata", kind, obj.metadata)
    return problems


def creation_problems(kind: Kind[Any], obj: ApiObject) -> list[Problem]:
    """What is wrong with a new object: by itself, and as a new one."""
    problems = problems_of(kind, obj)
    if isinstance(obj, CustomObject):
        return problems + custom_objects.problems_of(kind, obj)
    rule = _CREATION_RULES.get(kind.name)
    if rule is not None:
        rule(Place.root(problems), obj)
    return problems


def update_problems(kind: Kind[Any], old: ApiObject, new: ApiObject) -> list[Problem]:
    """What is wrong with putting `new` in place of `old`, beside what is wrong with `new` itself."""
    problems: list[Problem] = []
    at = Place.root(problems)
    metadata.check_metadata_update(at / "metadata", old.metadata, new.metadata)
    if isinstance(old, CustomObject) and isinstance(new, CustomObject):
        return problems + custom_objects.update_problems(kind, old, new)
    rule = _UPDATE_RULES.get(kind.name)
    if rule is not None:
        rule(at, old, new)
    return problems


def part_problems(kind: Kind[Any], old: ApiObject, new: ApiObject, subresource: str) -> list[Problem]:
    """What is wrong with an update of a part of the object. A status is its writer's own business."""
    if (kind.name, subresource) not in _PART_RULES:
        return []
    problems = problems_of(kind, new)
    rule = _PART_RULES[kind.name, subresource]
    if rule is not None:
        rule(Place.root(problems), old, new)
    return problems


_GOOD_SPECS: Remembered[bool] = Remembered()
_GOOD_NEW_SPECS: Remembered[bool] = Remembered()


def _check_pod(at: Place, pod: core.Pod) -> None:
    _check_spec(at / "spec", pod.spec, pods.check_pod_spec, _GOOD_SPECS)


def _check_new_pod(at: Place, pod: core.Pod) -> None:
    _check_spec(at / "spec", pod.spec, pod_updates.check_new_pod, _GOOD_NEW_SPECS)


def _check_spec(at: Place, spec: core.PodSpec, rule: _Rule, good: Remembered[bool]) -> None:
    """A spec that was found good is good whenever it comes again; what is wrong with others depends on where they are."""
    encoded = spec.SerializeToString()
    if good.get(encoded):
        return
    before = at.found
    rule(at, spec)
    if at.found == before:
        good.put(encoded, True)


def _check_ephemeral_containers(at: Place, old: core.Pod, new: core.Pod) -> None:
    pod_updates.check_ephemeral_update(at / "spec" / "ephemeralContainers", old.spec, new.spec)


def _check_pod_update(at: Place, old: core.Pod, new: core.Pod) -> None:
    pod_updates.check_pod_update(at / "spec", old.spec, new.spec)


_RULES: dict[str, _Rule] = {
    "Namespace": cluster.check_namespace,
    "Node": cluster.check_node,
    "Pod": _check_pod,
    "Service": services.check_service,
    "Endpoints": endpoints.check_endpoints,
    "ConfigMap": config.check_config_map,
    "Secret": config.check_secret,
    "Event": cluster.check_event,
    "Deployment": workloads.check_deployment,
    "ReplicaSet": workloads.check_replica_set,
    "StatefulSet": sets.check_stateful_set,
    "DaemonSet": sets.check_daemon_set,
    "ControllerRevision": sets.check_controller_revision,
    "ReplicationController": replication.check_replication_controller,
    "PodTemplate": replication.check_pod_template,
    "Job": jobs.check_job,
    "CronJob": cron_jobs.check_cron_job,
    "HorizontalPodAutoscaler": autoscaling.check_autoscaler,
    "PodDisruptionBudget": disruption.check_budget,
    "EndpointSlice": endpoints.check_endpoint_slice,
    "CustomResourceDefinition": definitions.check_definition,
    "Lease": cluster.check_lease,
    "PersistentVolume": storage.check_persistent_volume,
    "PersistentVolumeClaim": storage.check_claim,
    "StorageClass": storage.check_storage_class,
    "ResourceQuota": quotas.check_resource_quota,
    "LimitRange": quotas.check_limit_range,
    "PriorityClass": scheduling.check_priority_class,
    "NetworkPolicy": network_policies.check_network_policy,
    "Ingress": ingresses.check_ingress,
    "IngressClass": ingresses.check_ingress_class,
    "CertificateSigningRequest": certificates.check_signing_request,
    "Role": rbac.check_role,
    "ClusterRole": rbac.check_cluster_role,
    "RoleBinding": rbac.check_role_binding,
    "ClusterRoleBinding": rbac.check_cluster_role_binding,
    "Binding": bodies.check_binding,
    "TokenRequest": bodies.check_token_request,
}
# Those without a rule of their own are held to what holds for every object of the kind.
_PART_RULES: dict[tuple[str, str], _UpdateRule | None] = {
    ("Pod", "ephemeralcontainers"): _check_ephemeral_containers,
    ("Namespace", "finalize"): None,
}
_CREATION_RULES: dict[str, _Rule] = {
    "Pod": _check_new_pod,
    "Ingress": ingresses.check_new_ingress,
}
_UPDATE_RULES: dict[str, _UpdateRule] = {
    "Node": cluster.check_node_update,
    "Pod": _check_pod_update,
    "Service": services.check_service_update,
    "ConfigMap": config.check_config_map_update,
    "Secret": config.check_secret_update,
    "Deployment": workloads.check_deployment_update,
    "ReplicaSet": workloads.check_replica_set_update,
    "StatefulSet": sets.check_stateful_set_update,
    "DaemonSet": sets.check_daemon_set_update,
    "ControllerRevision": sets.check_controller_revision_update,
    "Job": jobs.check_job_update,
    "EndpointSlice": endpoints.check_endpoint_slice_update,
    "CustomResourceDefinition": definitions.check_definition_update,
    "PersistentVolume": storage.check_persistent_volume_update,
    "PersistentVolumeClaim": storage.check_claim_update,
    "StorageClass": storage.check_storage_class_update,
    "ResourceQuota": quotas.check_resource_quota_update,
    "PriorityClass": scheduling.check_priority_class_update,
    "IngressClass": ingresses.check_ingress_class_update,
    "CertificateSigningRequest": certificates.check_signing_request_update,
    "RoleBinding": rbac.check_binding_update,
    "ClusterRoleBinding": rbac.check_binding_update,
}
