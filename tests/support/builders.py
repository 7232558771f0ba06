"""Small objects for tests: valid, the same every time, and only as full as the test asks for."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence

from controlplane.api import objects, registry, times
from controlplane.api.objects import ApiObject, T
from controlplane.api.rollouts import POD_TEMPLATE_HASH, REVISION
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import meta_pb2 as meta

NAMESPACE = "default"
CREATED = 1_750_000_000.0


def make_meta(
    name: str,
    namespace: str = NAMESPACE,
    *,
    uid: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: ApiObject | None = None,
    created: float = CREATED,
    deleted: float | None = None,
    finalizers: Sequence[str] = (),
    generation: int = 1,
    resource_version: str = "1",
) -> meta.ObjectMeta:
    """`owner` becomes the managing owner; `deleted` is when deletion was asked for. The uid is `uid-NAME` if not given."""
    metadata = meta.ObjectMeta(
        name=name, namespace=namespace, uid=uid or f"uid-{name}", labels=labels, annotations=annotations,
        finalizers=finalizers, generation=generation, resource_version=resource_version,
        creation_timestamp=times.to_time(created))  # fmt: skip
    if owner is not None:
        kind = registry.kind_of(owner)
        metadata.owner_references.append(objects.owner_reference(owner, api_version=kind.api_version, kind=kind.name))
    if deleted is not None:
        metadata.deletion_timestamp.CopyFrom(times.to_time(deleted))
    return metadata


def make_container(
    name: str = "web",
    *,
    image: str = "nginx:1",
    requests: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    ports: Sequence[core.ContainerPort] = (),
) -> core.Container:
    """`requests` and `limits` as people write them: `{"cpu": "100m", "memory": "64Mi"}`."""
    container = core.Container(name=name, image=image, ports=ports)
    fill(container.resources.requests, requests)
    fill(container.resources.limits, limits)
    return container


def make_port(port: int, *, name: str = "", host_port: int = 0, protocol: str = "TCP") -> core.ContainerPort:
    return core.ContainerPort(container_port=port, name=name, host_port=host_port, protocol=protocol)


def fill(target: MutableMapping[str, meta.Quantity], amounts: Mapping[str, str] | None) -> None:
    """Puts `{"cpu": "100m"}` into a map of quantities, whose messages cannot be assigned."""
    for name, text in (amounts or {}).items():
        target[name].string = text


def make_pod(
    name: str = "web",
    namespace: str = NAMESPACE,
    *,
    uid: str = "",
    labels: Mapping[str, str] | None = None,
    owner: ApiObject | None = None,
    node: str = "",
    phase: str = "",
    ready: bool = False,
    ready_since: float = CREATED,
    ip: str = "",
    containers: Sequence[core.Container] | None = None,
    requests: Mapping[str, str] | None = None,
    tolerations: Sequence[core.Toleration] = (),
    created: float = CREATED,
    deleted: float | None = None,
    resource_version: str = "1",
) -> core.Pod:
    """The phase is Running if `ready` or `ip` is given, else Pending."""
    pod = core.Pod(metadata=make_meta(
        name, namespace, uid=uid, labels=labels, owner=owner, created=created, deleted=deleted,
        resource_version=resource_version))  # fmt: skip
    pod.spec.containers.extend(containers if containers is not None else [make_container(requests=requests)])
    pod.spec.node_name = node
    pod.spec.tolerations.extend(tolerations)
    pod.status.phase = phase or ("Running" if ready or ip else "Pending")
    if ip:
        pod.status.pod_ip = ip
        pod.status.pod_ips.add(ip=ip)
    if pod.status.phase == "Running":
        set_ready(pod, ready, since=ready_since)
    return pod


def set_ready(pod: core.Pod, ready: bool = True, *, since: float = CREATED) -> None:
    """Changes the pod in place."""
    pod.status.phase = "Running"
    condition = core.PodCondition(
        type="Ready", status="True" if ready else "False", last_transition_time=times.to_time(since))  # fmt: skip
    objects.set_condition(pod.status.conditions, condition)


def make_template(
    *, labels: Mapping[str, str] | None = None, image: str = "nginx:1", requests: Mapping[str, str] | None = None
) -> core.PodTemplateSpec:
    return core.PodTemplateSpec(
        metadata=meta.ObjectMeta(labels=labels or {"app": "web"}),
        spec=core.PodSpec(containers=[make_container(image=image, requests=requests)]),
    )


def make_deployment(
    name: str = "web",
    namespace: str = NAMESPACE,
    *,
    replicas: int = 3,
    image: str = "nginx:1",
    labels: Mapping[str, str] | None = None,
    max_surge: int | str = "25%",
    max_unavailable: int | str = "25%",
    strategy: str = "RollingUpdate",
    paused: bool = False,
    annotations: Mapping[str, str] | None = None,
    min_ready_seconds: int = 0,
    progress_deadline_seconds: int = 600,
    revision_history_limit: int = 10,
    generation: int = 1,
    deleted: float | None = None,
    resource_version: str = "1",
) -> apps.Deployment:
    chosen = labels or {"app": name}
    spec = apps.DeploymentSpec(
        replicas=replicas, paused=paused, min_ready_seconds=min_ready_seconds,
        selector=meta.LabelSelector(match_labels=chosen), template=make_template(labels=chosen, image=image),
        progress_deadline_seconds=progress_deadline_seconds, revision_history_limit=revision_history_limit)  # fmt: skip
    spec.strategy.type = strategy
    if strategy == "RollingUpdate":
        spec.strategy.rolling_update.max_surge.CopyFrom(int_or_string(max_surge))
        spec.strategy.rolling_update.max_unavailable.CopyFrom(int_or_string(max_unavailable))
    metadata = make_meta(
        name, namespace, annotations=annotations, generation=generation, deleted=deleted,
        resource_version=resource_version)  # fmt: skip
    return apps.Deployment(metadata=metadata, spec=spec)


def int_or_string(value: int | str) -> meta.IntOrString:
    if isinstance(value, int):
        return meta.IntOrString(type=0, int_val=value)
    return meta.IntOrString(type=1, str_val=value)


def make_replica_set(
    name: str = "web-1",
    namespace: str = NAMESPACE,
    *,
    uid: str = "",
    replicas: int = 3,
    image: str = "nginx:1",
    labels: Mapping[str, str] | None = None,
    template_hash: str = "",
    owner: ApiObject | None = None,
    revision: int = 0,
    annotations: Mapping[str, str] | None = None,
    actual: int = 0,
    ready: int = 0,
    available: int = 0,
    min_ready_seconds: int = 0,
    created: float = CREATED,
    deleted: float | None = None,
    finalizers: Sequence[str] = (),
    resource_version: str = "1",
) -> apps.ReplicaSet:
    """`actual`, `ready` and `available` are the counts in its status."""
    chosen = dict(labels or {"app": "web"})
    if template_hash:
        chosen[POD_TEMPLATE_HASH] = template_hash
    notes = {REVISION: str(revision)} if revision else {}
    metadata = make_meta(
        name, namespace, uid=uid, labels=chosen, annotations={**notes, **(annotations or {})}, owner=owner,
        created=created, deleted=deleted, finalizers=finalizers, resource_version=resource_version)  # fmt: skip
    spec = apps.ReplicaSetSpec(
        replicas=replicas, selector=meta.LabelSelector(match_labels=chosen), min_ready_seconds=min_ready_seconds,
        template=make_template(labels=chosen, image=image))  # fmt: skip
    status = apps.ReplicaSetStatus(
        replicas=actual, ready_replicas=ready, available_replicas=available, fully_labeled_replicas=actual,
        observed_generation=metadata.generation)  # fmt: skip
    return apps.ReplicaSet(metadata=metadata, spec=spec, status=status)


def make_service(
    name: str = "web",
    namespace: str = NAMESPACE,
    *,
    selector: Mapping[str, str] | None = None,
    ports: Sequence[core.ServicePort] | None = None,
    labels: Mapping[str, str] | None = None,
    type: str = "ClusterIP",  # noqa: A002
    cluster_ip: str = "10.96.0.10",
    publish_not_ready: bool = False,
) -> core.Service:
    """Selects `app=NAME` unless told otherwise; `selector={}` makes a service without selector."""
    spec = core.ServiceSpec(
        selector={"app": name} if selector is None else selector,
        type=type,
        cluster_ip=cluster_ip,
        publish_not_ready_addresses=publish_not_ready,
        ports=[make_service_port(80)] if ports is None else ports,
    )
    return core.Service(metadata=make_meta(name, namespace, labels=labels), spec=spec)


def make_service_port(
    port: int, *, target: int | str | None = None, name: str = "", protocol: str = "TCP", node_port: int = 0
) -> core.ServicePort:
    return core.ServicePort(
        port=port, name=name, protocol=protocol, node_port=node_port,
        target_port=int_or_string(port if target is None else target))  # fmt: skip


def make_slice(
    name: str = "web-abcde",
    namespace: str = NAMESPACE,
    *,
    service: str = "web",
    owner: ApiObject | None = None,
    endpoints: Sequence[discovery.Endpoint] = (),
    ports: Sequence[discovery.EndpointPort] | None = None,
    managed_by: str = "endpointslice-controller.k8s.io",
) -> discovery.EndpointSlice:
    labels = {"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": managed_by}
    return discovery.EndpointSlice(
        metadata=make_meta(name, namespace, labels=labels, owner=owner), address_type="IPv4", endpoints=endpoints,
        ports=[discovery.EndpointPort(name="", port=80, protocol="TCP")] if ports is None else ports)  # fmt: skip


def make_endpoint(
    ip: str, *, pod: str = "", ready: bool = True, serving: bool | None = None, terminating: bool = False, node: str = ""
) -> discovery.Endpoint:
    """`serving` follows `ready` if not given."""
    endpoint = discovery.Endpoint(addresses=[ip])
    endpoint.conditions.ready = ready
    endpoint.conditions.serving = ready if serving is None else serving
    endpoint.conditions.terminating = terminating
    if pod:
        endpoint.target_ref.CopyFrom(core.ObjectReference(kind="Pod", namespace=NAMESPACE, name=pod, uid=f"uid-{pod}"))
    if node:
        endpoint.node_name = node
    return endpoint


def make_node(
    name: str = "node-1",
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    labels: Mapping[str, str] | None = None,
    taints: Sequence[core.Taint] = (),
    unschedulable: bool = False,
    ready: str = "True",
    pod_cidr: str = "",
    created: float = CREATED,
    deleted: float | None = None,
    resource_version: str = "1",
) -> core.Node:
    """`ready` is the status of its Ready condition; empty for a node that never reported."""
    metadata = make_meta(
        name, "", labels={"kubernetes.io/hostname": name, **(labels or {})}, created=created, deleted=deleted,
        resource_version=resource_version)  # fmt: skip
    node = core.Node(metadata=metadata, spec=core.NodeSpec(unschedulable=unschedulable, taints=taints, pod_cidr=pod_cidr))
    if pod_cidr:
        node.spec.pod_cidrs.append(pod_cidr)
    for amounts in (node.status.capacity, node.status.allocatable):
        fill(amounts, {"cpu": cpu, "memory": memory, "pods": pods})
    if ready:
        node.status.conditions.add(type="Ready", status=ready, last_transition_time=times.to_time(created))
    return node


def make_taint(key: str, effect: str = "NoSchedule", *, value: str = "", added: float | None = None) -> core.Taint:
    taint = core.Taint(key=key, effect=effect, value=value)
    if added is not None:
        taint.time_added.CopyFrom(times.to_time(added))
    return taint


def make_toleration(key: str = "", effect: str = "", *, value: str = "", seconds: int | None = None) -> core.Toleration:
    """Without `value` it tolerates any; without `key` any taint."""
    operator = "Equal" if value else "Exists"
    return core.Toleration(key=key, effect=effect, value=value, operator=operator, toleration_seconds=seconds)


def make_lease(node: str, *, renewed: float = CREATED, namespace: str = "kube-node-lease") -> coordination.Lease:
    spec = coordination.LeaseSpec(
        holder_identity=node, lease_duration_seconds=40, renew_time=times.to_micro_time(renewed))  # fmt: skip
    return coordination.Lease(metadata=make_meta(node, namespace), spec=spec)


def make_namespace(
    name: str, *, deleted: float | None = None, finalizers: Sequence[str] = ("kubernetes",)
) -> core.Namespace:
    """`finalizers` are those of its spec."""
    namespace = core.Namespace(metadata=make_meta(name, "", deleted=deleted), spec=core.NamespaceSpec(finalizers=finalizers))
    namespace.status.phase = "Active" if deleted is None else "Terminating"
    return namespace


def make_config_map(
    name: str = "settings", namespace: str = NAMESPACE, *, data: Mapping[str, str] | None = None
) -> core.ConfigMap:
    return core.ConfigMap(metadata=make_meta(name, namespace), data=data)


def changed(obj: T, **metadata: str) -> T:
    """A copy with other metadata: `changed(pod, resource_version="2")`."""
    fresh = objects.copy_of(obj)
    for field, value in metadata.items():
        setattr(fresh.metadata, field, value)
    return fresh
