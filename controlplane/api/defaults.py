"""What Kubernetes fills in where a manifest says nothing. Applied by the server before an object is validated and stored.

Applying defaults twice changes nothing more, and what is set is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from controlplane.api import autoscaling_defaults, batch_defaults, other_defaults, pod_defaults, workload_defaults
from controlplane.api.custom import definitions
from controlplane.api.objects import ApiObject
from controlplane.api.pod_defaults import default_tolerations
from controlplane.api.registry import Kind
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import meta_pb2 as meta

__all__ = ["apply_defaults", "default_tolerations"]

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_SESSION_SECONDS = 10800


def apply_defaults(kind: Kind[Any], obj: ApiObject) -> None:
    """Fills in the object, in place."""
    apply = None if kind.is_custom else _DEFAULTS.get(kind.name)
    if apply is not None:
        apply(obj)


def _deployment(deployment: apps.Deployment) -> None:
    spec = deployment.spec
    if not spec.HasField("replicas"):
        spec.replicas = 1
    if not spec.HasField("revision_history_limit"):
        spec.revision_history_limit = 10
    if not spec.HasField("progress_deadline_seconds"):
        spec.progress_deadline_seconds = 600
    spec.strategy.type = spec.strategy.type or "RollingUpdate"
    if spec.strategy.type == "RollingUpdate":
        rolling = spec.strategy.rolling_update
        for name in ("max_unavailable", "max_surge"):
            if not rolling.HasField(name):
                getattr(rolling, name).CopyFrom(meta.IntOrString(type=1, str_val="25%"))
    _template(spec.template)


def _replica_set(replica_set: apps.ReplicaSet) -> None:
    if not replica_set.spec.HasField("replicas"):
        replica_set.spec.replicas = 1
    _template(replica_set.spec.template)


def _template(template: core.PodTemplateSpec) -> None:
    pod_defaults.fill_spec(template.spec)


def _pod(pod: core.Pod) -> None:
    pod_defaults.fill_pod(pod)
    pod.status.phase = pod.status.phase or "Pending"


def _service(service: core.Service) -> None:
    spec = service.spec
    spec.type = spec.type or "ClusterIP"
    spec.session_affinity = spec.session_affinity or "None"
    if spec.session_affinity == "ClientIP" and not spec.session_affinity_config.client_ip.HasField("timeout_seconds"):
        spec.session_affinity_config.client_ip.timeout_seconds = _SESSION_SECONDS
    if spec.session_affinity == "None":
        spec.ClearField("session_affinity_config")
    for port in spec.ports:
        _service_port(port)
    service.status.load_balancer.SetInParent()
    if spec.type == "ExternalName":
        return
    if not spec.HasField("internal_traffic_policy"):
        spec.internal_traffic_policy = "Cluster"
    if spec.type in {"NodePort", "LoadBalancer"} or spec.external_ips:
        spec.external_traffic_policy = spec.external_traffic_policy or "Cluster"
    if spec.type == "LoadBalancer" and not spec.HasField("allocate_load_balancer_node_ports"):
        spec.allocate_load_balancer_node_ports = True
    _ip_families(spec)


def _service_port(port: core.ServicePort) -> None:
    port.protocol = port.protocol or "TCP"
    target = port.target_port
    if not port.HasField("target_port") or (not target.int_val and not target.str_val):
        target.CopyFrom(meta.IntOrString(int_val=port.port))


def _ip_families(spec: core.ServiceSpec) -> None:
    if not spec.HasField("ip_family_policy"):
        several = len(spec.ip_families) > 1 or len(spec.cluster_ips) > 1
        spec.ip_family_policy = "RequireDualStack" if several else "SingleStack"
    if not spec.ip_families:
        spec.ip_families.append("IPv6" if ":" in spec.cluster_ip else "IPv4")
    if spec.cluster_ip and not spec.cluster_ips:
        spec.cluster_ips.append(spec.cluster_ip)
    if spec.cluster_ips and not spec.cluster_ip:
        spec.cluster_ip = spec.cluster_ips[0]


def _secret(secret: core.Secret) -> None:
    """`stringData` is a way to write `data`, never stored."""
    for key, text in secret.string_data.items():
        secret.data[key] = text.encode()
    secret.string_data.clear()
    secret.type = secret.type or "Opaque"


def _namespace(namespace: core.Namespace) -> None:
    if namespace.metadata.name:
        namespace.metadata.labels[NAMESPACE_LABEL] = namespace.metadata.name
    if "kubernetes" not in namespace.spec.finalizers and not namespace.metadata.HasField("deletion_timestamp"):
        namespace.spec.finalizers.append("kubernetes")
    namespace.status.phase = namespace.status.phase or "Active"


def _node(node: core.Node) -> None:
    """What a node does not set aside for itself, its pods may use."""
    for name, capacity in node.status.capacity.items():
        if name not in node.status.allocatable:
            node.status.allocatable[name].CopyFrom(capacity)


def _endpoints(endpoints: core.Endpoints) -> None:
    for subset in endpoints.subsets:
        for port in subset.ports:
            port.protocol = port.protocol or "TCP"


def _endpoint_slice(endpoint_slice: discovery.EndpointSlice) -> None:
    for port in endpoint_slice.ports:
        if not port.HasField("name"):
            port.name = ""
        if not port.HasField("protocol"):
            port.protocol = "TCP"


_DEFAULTS = cast(
    "dict[str, Callable[[ApiObject], None]]",
    {
        "Deployment": _deployment,
        "ReplicaSet": _replica_set,
        "StatefulSet": workload_defaults.fill_stateful_set,
        "DaemonSet": workload_defaults.fill_daemon_set,
        "ReplicationController": workload_defaults.fill_replication_controller,
        "PodTemplate": workload_defaults.fill_pod_template,
        "Job": batch_defaults.fill_job,
        "CronJob": batch_defaults.fill_cron_job,
        "HorizontalPodAutoscaler": autoscaling_defaults.fill_autoscaler,
        "Pod": _pod,
        "Service": _service,
        "Secret": _secret,
        "Namespace": _namespace,
        "Node": _node,
        "Endpoints": _endpoints,
        "EndpointSlice": _endpoint_slice,
        "CustomResourceDefinition": definitions.fill_defaults,
        "PersistentVolume": other_defaults.persistent_volume,
        "PersistentVolumeClaim": other_defaults.claim,
        "StorageClass": other_defaults.storage_class,
        "ResourceQuota": other_defaults.resource_quota,
        "LimitRange": other_defaults.limit_range,
        "PriorityClass": other_defaults.priority_class,
        "RoleBinding": other_defaults.binding,
        "ClusterRoleBinding": other_defaults.binding,
        "NetworkPolicy": other_defaults.network_policy,
        "IngressClass": other_defaults.ingress_class,
        "TokenRequest": other_defaults.token_request,
    },
)
