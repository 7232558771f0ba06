"""What Kubernetes fills in for pods and pod templates."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.api.other_defaults import canonical, fill_claim, fill_source
from controlplane.api.remembering import Remembered
from protos.v1 import core_pb2 as core

_MODE = 0o644
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_SECONDS = 300
SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


_FILLED: Remembered[bytes] = Remembered()


def fill_pod(pod: core.Pod) -> None:
    """The defaults of a pod: those of its template, and what only the pod itself gets."""
    given = pod.spec.SerializeToString()
    filled = _FILLED.get(given)
    if filled is not None:
        pod.spec.ParseFromString(filled)
        return
    _fill_spec_of_pod(pod.spec)
    _FILLED.put(given, pod.spec.SerializeToString())


def _fill_spec_of_pod(spec: core.PodSpec) -> None:
    fill_spec(spec)
    if not spec.HasField("enable_service_links"):
        spec.enable_service_links = True
    for container in (*spec.init_containers, *spec.containers):
        _requests_from_limits(container.resources)
        if spec.host_network:
            _host_ports(container.ports)


def fill_spec(spec: core.PodSpec) -> None:
    """The defaults of a pod or a pod template."""
    spec.restart_policy = spec.restart_policy or "Always"
    spec.dns_policy = spec.dns_policy or "ClusterFirst"
    spec.scheduler_name = spec.scheduler_name or "default-scheduler"
    if not spec.HasField("termination_grace_period_seconds"):
        spec.termination_grace_period_seconds = 30
    spec.security_context.SetInParent()
    _service_account(spec)
    for container in (*spec.init_containers, *spec.containers):
        _container(container)
    for ephemeral in spec.ephemeral_containers:
        _container(ephemeral.ephemeral_container_common)
    for volume in spec.volumes:
        _volume(volume)
    for constraint in spec.topology_spread_constraints:
        _spread(constraint)


def default_tolerations(pod: core.Pod) -> None:
    """Lets the pod stay for five minutes on a node that is lost, unless it says otherwise itself. Admission's part."""
    for key in _TOLERATED:
        if not any(_tolerates(toleration, key) for toleration in pod.spec.tolerations):
            pod.spec.tolerations.add(key=key, operator="Exists", effect="NoExecute", toleration_seconds=_TOLERATION_SECONDS)


def _tolerates(toleration: core.Toleration, key: str) -> bool:
    return toleration.key in {"", key} and toleration.effect in {"", "NoExecute"}


def _service_account(spec: core.PodSpec) -> None:
    """The older of the two spellings follows the newer one."""
    spec.service_account_name = spec.service_account_name or spec.service_account
    if spec.service_account_name:
        spec.service_account = spec.service_account_name


def _host_ports(ports: Iterable[core.ContainerPort]) -> None:
    for port in ports:
        port.host_port = port.host_port or port.container_port


def pull_policy(image: str) -> str:
    """`Always` for an image without a tag or with `latest`, `IfNotPresent` for any other."""
    name = image.rpartition("/")[2]
    if "@" in name:
        return "IfNotPresent"
    return "Always" if name.partition(":")[2] in {"", "latest"} else "IfNotPresent"


def _container(container: core.Container | core.EphemeralContainerCommon) -> None:
    container.image_pull_policy = container.image_pull_policy or pull_policy(container.image)
    container.termination_message_path = container.termination_message_path or "/dev/termination-log"
    container.termination_message_policy = container.termination_message_policy or "File"
    container.resources.SetInParent()
    for port in container.ports:
        port.protocol = port.protocol or "TCP"
    for variable in container.env:
        if variable.value_from.HasField("field_ref"):
            _field_ref(variable.value_from.field_ref)
    for probe in _probes(container):
        _probe(probe)
    for hook in _hooks(container):
        if hook.HasField("http_get"):
            _http_get(hook.http_get)
    for resource in (container.resources.limits, container.resources.requests):
        canonical(resource)


def _probes(container: core.Container | core.EphemeralContainerCommon) -> Iterable[core.Probe]:
    return (
        getattr(container, name)
        for name in ("liveness_probe", "readiness_probe", "startup_probe")
        if container.HasField(name)
    )


def _hooks(container: core.Container | core.EphemeralContainerCommon) -> Iterable[core.LifecycleHandler]:
    if not container.HasField("lifecycle"):
        return ()
    return (getattr(container.lifecycle, name) for name in ("post_start", "pre_stop") if container.lifecycle.HasField(name))


def _probe(probe: core.Probe) -> None:
    probe.timeout_seconds = probe.timeout_seconds or 1
    probe.period_seconds = probe.period_seconds or 10
    probe.success_threshold = probe.success_threshold or 1
    probe.failure_threshold = probe.failure_threshold or 3
    if probe.handler.HasField("http_get"):
        _http_get(probe.handler.http_get)
    if probe.handler.HasField("grpc") and not probe.handler.grpc.HasField("service"):
        probe.handler.grpc.service = ""


def _http_get(action: core.HTTPGetAction) -> None:
    action.path = action.path or "/"
    action.scheme = action.scheme or "HTTP"


def _field_ref(ref: core.ObjectFieldSelector) -> None:
    ref.api_version = ref.api_version or "v1"


def _requests_from_limits(resources: core.ResourceRequirements) -> None:
    for name, limit in resources.limits.items():
        if name not in resources.requests:
            resources.requests[name].CopyFrom(limit)


def _volume(volume: core.Volume) -> None:
    """A volume without any source is an empty directory."""
    source = volume.volume_source
    if not source.ListFields():
        source.empty_dir.SetInParent()
    for name in ("secret", "config_map", "downward_api", "projected"):
        if source.HasField(name) and not getattr(source, name).HasField("default_mode"):
            getattr(source, name).default_mode = _MODE
    fill_source(source)
    if source.HasField("ephemeral"):
        fill_claim(source.ephemeral.volume_claim_template.spec)
    if source.HasField("image"):
        source.image.pull_policy = source.image.pull_policy or pull_policy(source.image.reference)
    for item in source.downward_api.items:
        if item.HasField("field_ref"):
            _field_ref(item.field_ref)
    for projection in source.projected.sources:
        _projection(projection)


def _projection(projection: core.VolumeProjection) -> None:
    for item in projection.downward_api.items:
        if item.HasField("field_ref"):
            _field_ref(item.field_ref)
    token = projection.service_account_token
    if projection.HasField("service_account_token") and not token.HasField("expiration_seconds"):
        token.expiration_seconds = 3600


def _spread(constraint: core.TopologySpreadConstraint) -> None:
    if not constraint.HasField("node_affinity_policy"):
        constraint.node_affinity_policy = "Honor"
    if not constraint.HasField("node_taints_policy"):
        constraint.node_taints_policy = "Ignore"
