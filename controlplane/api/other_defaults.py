"""What Kubernetes fills in for storage, networking, access, limits and priorities."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

from controlplane.api import quantity
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import networking_pb2 as networking
from protos.v1 import rbac_pb2 as rbac
from protos.v1 import scheduling_pb2 as scheduling
from protos.v1 import storage_pb2 as storage

_RBAC = "rbac.authorization.k8s.io"
_TOKEN_SECONDS = 3600

Amounts = MutableMapping[str, meta.Quantity]
AnySource = core.VolumeSource | core.PersistentVolumeSource
AnyBinding = rbac.RoleBinding | rbac.ClusterRoleBinding


def persistent_volume(volume: core.PersistentVolume) -> None:
    spec = volume.spec
    spec.persistent_volume_reclaim_policy = spec.persistent_volume_reclaim_policy or "Retain"
    if not spec.HasField("volume_mode"):
        spec.volume_mode = "Filesystem"
    canonical(spec.capacity)
    fill_source(spec.persistent_volume_source)
    volume.status.phase = volume.status.phase or "Pending"


def claim(one: core.PersistentVolumeClaim) -> None:
    fill_claim(one.spec)
    one.status.phase = one.status.phase or "Pending"


def fill_claim(spec: core.PersistentVolumeClaimSpec) -> None:
    """Also of the claims that pods and StatefulSets have made for them."""
    if not spec.HasField("volume_mode"):
        spec.volume_mode = "Filesystem"
    for amounts in (spec.resources.limits, spec.resources.requests):
        canonical(amounts)
    if spec.HasField("data_source") and not spec.HasField("data_source_ref"):
        _copy_reference(spec.data_source, spec.data_source_ref)
    elif spec.HasField("data_source_ref") and not spec.HasField("data_source") and not spec.data_source_ref.namespace:
        _copy_reference(spec.data_source_ref, spec.data_source)


def _copy_reference(
    source: core.TypedLocalObjectReference | core.TypedObjectReference,
    target: core.TypedLocalObjectReference | core.TypedObjectReference,
) -> None:
    target.kind, target.name = source.kind, source.name
    if source.HasField("api_group"):
        target.api_group = source.api_group


def fill_source(source: AnySource) -> None:
    """What the kinds of volumes that come from elsewhere assume."""
    if source.HasField("host_path") and not source.host_path.HasField("type"):
        source.host_path.type = ""
    if source.HasField("iscsi"):
        source.iscsi.iscsi_interface = source.iscsi.iscsi_interface or "default"
    if source.HasField("rbd"):
        rbd = source.rbd
        rbd.pool, rbd.user = rbd.pool or "rbd", rbd.user or "admin"
        rbd.keyring = rbd.keyring or "/etc/ceph/keyring"
    if source.HasField("azure_disk"):
        _azure_disk(source.azure_disk)
    if source.HasField("scale_io"):
        source.scale_io.storage_mode = source.scale_io.storage_mode or "ThinProvisioned"
        source.scale_io.fs_type = source.scale_io.fs_type or "xfs"


def _azure_disk(disk: core.AzureDiskVolumeSource) -> None:
    for field, value in (("caching_mode", "ReadWrite"), ("kind", "Shared"), ("fs_type", "ext4"), ("read_only", False)):
        if not disk.HasField(field):  # type: ignore[arg-type]
            setattr(disk, field, value)


def storage_class(one: storage.StorageClass) -> None:
    if not one.HasField("reclaim_policy"):
        one.reclaim_policy = "Delete"
    if not one.HasField("volume_binding_mode"):
        one.volume_binding_mode = "Immediate"


def resource_quota(quota: core.ResourceQuota) -> None:
    canonical(quota.spec.hard)


def limit_range(one: core.LimitRange) -> None:
    """For containers each bound that is missing follows from another: the default from the maximum, the request from the
    default or else from the minimum."""
    for item in one.spec.limits:
        for amounts in (item.max, item.min, item.default, item.default_request, item.max_limit_request_ratio):
            canonical(amounts)
        if item.type == "Container":
            _fill_missing(item.default, item.max)
            _fill_missing(item.default_request, item.default)
            _fill_missing(item.default_request, item.min)


def _fill_missing(target: Amounts, source: Amounts) -> None:
    for name, amount in source.items():
        if name not in target:
            target[name].CopyFrom(amount)


def canonical(amounts: Amounts) -> None:
    """Quantities as they are stored; what is no quantity is left for validation to refuse."""
    for amount in amounts.values():
        try:
            amount.string = quantity.canonical(amount.string)
        except ValueError:
            continue


def priority_class(one: scheduling.PriorityClass) -> None:
    if not one.HasField("preemption_policy"):
        one.preemption_policy = "PreemptLowerPriority"


def binding(one: AnyBinding) -> None:
    one.role_ref.api_group = one.role_ref.api_group or _RBAC
    for subject in one.subjects:
        if subject.kind in {"User", "Group"}:
            subject.api_group = subject.api_group or _RBAC


def network_policy(policy: networking.NetworkPolicy) -> None:
    spec = policy.spec
    for ingress in spec.ingress:
        _protocols(ingress.ports)
    for egress in spec.egress:
        _protocols(egress.ports)
    if not spec.policy_types:
        spec.policy_types.extend(["Ingress", "Egress"] if spec.egress else ["Ingress"])


def _protocols(ports: Iterable[networking.NetworkPolicyPort]) -> None:
    for port in ports:
        if not port.HasField("protocol"):
            port.protocol = "TCP"


def ingress_class(one: networking.IngressClass) -> None:
    if one.spec.HasField("parameters") and not one.spec.parameters.HasField("scope"):
        one.spec.parameters.scope = "Cluster"


def token_request(request: authentication.TokenRequest) -> None:
    if not request.spec.HasField("expiration_seconds"):
        request.spec.expiration_seconds = _TOKEN_SECONDS
