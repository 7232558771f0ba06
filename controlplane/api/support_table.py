"""What Orlop does not act on yet, field by field. Whoever makes one work removes its row, and `docs/` follows.

A path is as people write it, `[]` for every item of a list; an empty one stands for the kind as a whole. Those of pods start
at the pod's spec and hold for templates too; those of containers hold for containers of every sort.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

What = Literal["refuse", "warn"]


def _given(_value: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Row:
    """`applies` says whether a value that is set is one without effect; `only` says the same to people. `why` is what
    happens instead."""

    path: str
    what: What
    why: str
    applies: Callable[[Any], bool] = _given
    only: str = ""


def _is(value: str | bool) -> Callable[[Any], bool]:
    return lambda given: given == value


def _other_than(value: str) -> Callable[[Any], bool]:
    return lambda given: given != value


def _has(key: str) -> Callable[[Any], bool]:
    return lambda given: key in given


def _refuse(path: str, why: str, value: str | bool | None = None) -> Row:
    return _row(path, "refuse", why, value)


def _warn(path: str, why: str, value: str | bool | None = None) -> Row:
    return _row(path, "warn", why, value)


def _row(path: str, what: What, why: str, value: str | bool | None) -> Row:
    if value is None:
        return Row(path, what, why)
    return Row(path, what, why, _is(value), str(value).lower() if isinstance(value, bool) else value)


_NO_MOUNT = "agents do not mount volumes of this kind"
_NO_CONTROLLER = "{} are stored, but no controller acts on them yet"
_NO_STORAGE = "{} are stored, but nothing binds claims or makes volumes yet"
_NO_NODE_ACCESS = "pods have namespaces of their own; the node's cannot be shared yet"
_NO_PROFILE = "agents load no security profiles; remove the field or run the pod elsewhere"
_VOLUMES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "ephemeral", "fc",
    "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "image", "iscsi", "nfs", "persistentVolumeClaim",
    "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip

POD_ROWS: Sequence[Row] = (
    _refuse("hostNetwork", _NO_NODE_ACCESS),
    _refuse("hostPID", _NO_NODE_ACCESS),
    _refuse("hostIPC", _NO_NODE_ACCESS),
    _refuse("hostUsers", "containers run in the node's user namespace; leave the field out", False),
    _refuse("runtimeClassName", "there is one runtime, Docker's own; leave the field out"),
    _refuse("os.name", "nodes run Linux", "windows"),
    _refuse("resources", "resources of whole pods are not counted yet; set those of the containers"),
    _refuse("resourceClaims", "there is no allocation of devices yet"),
    _refuse("schedulingGroup", "pods are placed one by one; groups are not placed together yet"),
    _refuse(
        "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        "the scheduler does not look at other pods yet; use preferred terms or nodeAffinity",
    ),
    _refuse(
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        "the scheduler does not look at other pods yet; use preferred terms or nodeAffinity",
    ),
    _refuse(
        "topologySpreadConstraints[].whenUnsatisfiable",
        "the scheduler does not spread by topology yet; use ScheduleAnyway",
        "DoNotSchedule",
    ),
    _refuse("securityContext.seLinuxOptions", _NO_PROFILE),
    _refuse("securityContext.windowsOptions", "nodes run Linux"),
    _refuse("securityContext.seccompProfile.type", _NO_PROFILE, "Localhost"),
    _refuse("securityContext.appArmorProfile.type", _NO_PROFILE, "Localhost"),
    _refuse("securityContext.supplementalGroupsPolicy", "the groups that the image gives its user are kept", "Strict"),
    *(_refuse(f"volumes[].{name}", _NO_MOUNT) for name in _VOLUMES),
    _refuse("volumes[].emptyDir.mode", "empty directories are open to all users of the pod"),
    Row(
        "volumes[].emptyDir.medium",
        "refuse",
        "agents mount no huge pages",
        lambda medium: medium.startswith("HugePages"),
        "HugePages, HugePages-*",
    ),
    _warn("volumes[].emptyDir.medium", "it is kept on the node's disk", "Memory"),
    _warn("volumes[].emptyDir.sizeLimit", "the limit is not enforced yet"),
    _refuse("volumes[].projected.sources[].clusterTrustBundle", "agents do not project bundles of certificates"),
    _refuse("volumes[].projected.sources[].podCertificate", "agents ask for no certificates for pods"),
    _warn("activeDeadlineSeconds", "the deadline is not enforced yet"),
    _warn("imagePullSecrets", "images are pulled without credentials"),
    _warn("dnsConfig", "containers get the node's resolver configuration"),
    _warn("dnsPolicy", "containers get the node's resolver configuration", "None"),
    _warn("subdomain", "there is no cluster DNS yet"),
    _warn("setHostnameAsFQDN", "the host name is the pod's name alone", True),
    _warn("hostnameOverride", "the host name is spec.hostname or the pod's name"),
    _warn("evictionResponders", "evictions do not ask yet"),
    _warn(
        "affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution",
        "the scheduler does not look at other pods yet",
    ),
    _warn(
        "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
        "the scheduler does not look at other pods yet; it spreads the pods of one owner",
    ),
    _warn(
        "topologySpreadConstraints[].whenUnsatisfiable",
        "the scheduler does not spread by topology yet; it spreads the pods of one owner",
        "ScheduleAnyway",
    ),
    _warn("securityContext.seccompProfile.type", "Docker's default profile stays in place", "Unconfined"),
    _warn("securityContext.appArmorProfile.type", "Docker's default profile stays in place", "Unconfined"),
    _warn(
        "securityContext.appArmorProfile.type",
        "Docker applies its default profile where the node has AppArmor, and none elsewhere",
        "RuntimeDefault",
    ),
    _warn("securityContext.fsGroupChangePolicy", "the group is set when a volume is made"),
    _warn("securityContext.seLinuxChangePolicy", "agents set no SELinux labels"),
    _warn("ephemeralContainers", "agents do not start ephemeral containers yet"),
)

CONTAINER_ROWS: Sequence[Row] = (
    _refuse("securityContext.procMount", "agents mask /proc always", "Unmasked"),
    _refuse("securityContext.seLinuxOptions", _NO_PROFILE),
    _refuse("securityContext.windowsOptions", "nodes run Linux"),
    _refuse("securityContext.seccompProfile.type", _NO_PROFILE, "Localhost"),
    _refuse("securityContext.appArmorProfile.type", _NO_PROFILE, "Localhost"),
    _refuse("volumeDevices", "agents hand no block devices to containers"),
    _refuse("volumeMounts[].subPathExpr", "the whole volume would be mounted; use subPath"),
    _refuse("volumeMounts[].recursiveReadOnly", "mounts below a read-only one stay writable", "Enabled"),
    _refuse("volumeMounts[].bindMountOptions", "agents mount without options"),
    _refuse("resources.claims", "there is no allocation of devices yet"),
    _refuse("env[].valueFrom.fileKeyRef", "agents do not read variables from files"),
    *(
        _refuse(f"{probe}.grpc", "agents make no gRPC calls, so the probe would always fail; use httpGet, tcpSocket or exec")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe")
    ),
    *(
        _warn(f"{probe}.terminationGracePeriodSeconds", "the pod's own grace period is used")
        for probe in ("livenessProbe", "startupProbe")
    ),
    _warn("securityContext.seccompProfile.type", "Docker's default profile stays in place", "Unconfined"),
    _warn("securityContext.appArmorProfile.type", "Docker's default profile stays in place", "Unconfined"),
    _warn(
        "securityContext.appArmorProfile.type",
        "Docker applies its default profile where the node has AppArmor, and none elsewhere",
        "RuntimeDefault",
    ),
    _warn("ports[].hostPort", "the port is reserved by the scheduler, but not opened on the node yet; use a Service"),
    _warn("ports[].hostIP", "the port is not opened on the node yet"),
    _warn("lifecycle.postStart", "agents do not run postStart hooks yet"),
    Row(
        "terminationMessagePath", "warn", "the message is not read yet", _other_than("/dev/termination-log"),
        "other than /dev/termination-log",
    ),
    _warn("terminationMessagePolicy", "the message is not read yet", "FallbackToLogsOnError"),
    _warn("stdinOnce", "stdin stays open after the first client"),
    _warn("resizePolicy", "resources of running containers are not changed yet"),
    _warn("volumeMounts[].mountPropagation", "mounts do not propagate", "HostToContainer"),
    _warn("volumeMounts[].mountPropagation", "mounts do not propagate", "Bidirectional"),
    Row(
        "resources.limits", "warn", "the limit of ephemeral-storage is not enforced yet", _has("ephemeral-storage"),
        "with ephemeral-storage",
    ),
)  # fmt: skip

# By kind, each path from the object's top.
KIND_ROWS: Mapping[str, Sequence[Row]] = {
    "Service": (
        _refuse("spec.externalTrafficPolicy", "traffic is balanced over the pods of all nodes", "Local"),
        _refuse("spec.internalTrafficPolicy", "traffic is balanced over the pods of all nodes", "Local"),
        _refuse("spec.loadBalancerSourceRanges", "node ports answer every client"),
        _refuse("spec.ipFamilies[]", "not configured on this cluster", "IPv6"),
        _refuse("spec.ipFamilyPolicy", "this cluster is not configured for dual-stack services", "RequireDualStack"),
        _warn("spec.type", "Orlop makes no load balancer; its node ports lead to the service", "LoadBalancer"),
        _warn("spec.type", "there is no cluster DNS yet", "ExternalName"),
        _warn("spec.externalIPs", "nodes do not answer at these addresses yet"),
        _warn("spec.sessionAffinity", "a client may reach another pod with each connection", "ClientIP"),
        _warn("spec.trafficDistribution", "traffic is balanced over the pods of all nodes"),
        _warn("spec.allocateLoadBalancerNodePorts", "node ports are allocated all the same", False),
        _warn("spec.ports[].protocol", "the data plane serves TCP and UDP", "SCTP"),
    ),
    "Endpoints": (_warn("", "connections follow EndpointSlices; Endpoints written by hand are not mirrored yet"),),
    "EndpointSlice": (
        _warn("addressType", "the data plane serves IPv4", "IPv6"),
        _warn("addressType", "the data plane serves IPv4", "FQDN"),
        _warn("endpoints[].hints", "traffic is balanced over the pods of all nodes"),
    ),
    "Node": (
        _warn("spec.configSource", "agents are configured by their flags"),
        _warn("spec.podPreemptionPolicy", "pods wait for room: none are preempted yet"),
    ),
    "ServiceAccount": (_warn("imagePullSecrets", "images are pulled without credentials"),),
    "ReplicationController": (_warn("", _NO_CONTROLLER.format("ReplicationControllers")),),
    "StatefulSet": (_warn("", _NO_CONTROLLER.format("StatefulSets")),),
    "DaemonSet": (_warn("", _NO_CONTROLLER.format("DaemonSets")),),
    "Job": (_warn("", _NO_CONTROLLER.format("Jobs")),),
    "CronJob": (_warn("", _NO_CONTROLLER.format("CronJobs")),),
    "HorizontalPodAutoscaler": (_warn("", _NO_CONTROLLER.format("HorizontalPodAutoscalers")),),
    "PodDisruptionBudget": (
        _warn("", "PodDisruptionBudgets are stored, but no controller keeps their status up to date yet"),
    ),
    "NetworkPolicy": (_warn("", "NetworkPolicy is stored but not enforced yet: all traffic stays allowed"),),
    "PersistentVolume": (_warn("", _NO_STORAGE.format("PersistentVolumes")),),
    "PersistentVolumeClaim": (_warn("", _NO_STORAGE.format("PersistentVolumeClaims")),),
    "StorageClass": (_warn("", _NO_STORAGE.format("StorageClasses")),),
    "PriorityClass": (
        _warn("preemptionPolicy", "pods wait for room: none are preempted yet", "PreemptLowerPriority"),
    ),
    "Lease": (
        _warn("spec.strategy", "no coordinator chooses holders"),
        _warn("spec.preferredHolder", "no coordinator chooses holders"),
    ),
}  # fmt: skip
