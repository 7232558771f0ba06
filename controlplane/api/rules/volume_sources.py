"""Rules for what volumes are made from: sources that pods' volumes and PersistentVolumes share, and those of one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from controlplane.api import names
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core

ABSOLUTE = "must be an absolute path"
_HOST_PATH_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_CACHING_MODES = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS = ("Dedicated", "Managed", "Shared")
_IQN_PREFIXES = ("iqn.", "eui.", "naa.")
_LARGEST_UNIT = 255
_LONGEST_DRIVER = 63

# Source -> its fields that must not be empty, all by the names that messages give them.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "gce_persistent_disk": ("pd_name",),
    "aws_elastic_block_store": ("volume_id",),
    "git_repo": ("repository",),
    "nfs": ("server", "path"),
    "iscsi": ("target_portal", "iqn"),
    "glusterfs": ("endpoints", "path"),
    "persistent_volume_claim": ("claim_name",),
    "rbd": ("monitors", "image"),
    "flex_volume": ("driver",),
    "cinder": ("volume_id",),
    "cephfs": ("monitors",),
    "azure_file": ("secret_name", "share_name"),
    "vsphere_volume": ("volume_path",),
    "quobyte": ("registry", "volume"),
    "azure_disk": ("disk_name", "disk_uri"),
    "photon_persistent_disk": ("pd_id",),
    "portworx_volume": ("volume_id",),
    "scale_io": ("gateway", "system", "volume_name"),
    "local": ("path",),
    "csi": ("driver",),
    "image": ("reference",),
}


def check_fields(at: Place, name: str, source: Message) -> None:
    """Checks one source; `name` is the field that holds it. Sources made of other objects' data have rules of their own."""
    for needed in _NEEDED.get(name, ()):
        if not getattr(source, needed):
            (at / source.DESCRIPTOR.fields_by_name[needed].json_name).required()
    special = _SPECIAL.get(name)
    if special is not None:
        special(at, source)


def _host_path(at: Place, source: core.HostPathVolumeSource) -> None:
    if not source.path:
        (at / "path").required()
    check_no_way_up(at / "path", source.path)
    if source.type:
        (at / "type").one_of(source.type, _HOST_PATH_TYPES)


def check_no_way_up(at: Place, path: str) -> None:
    if ".." in path.split("/"):
        at.invalid(path, "must not contain '..'")


def _local(at: Place, source: core.LocalVolumeSource) -> None:
    check_no_way_up(at / "path", source.path)


def _disk(at: Place, source: core.GCEPersistentDiskVolumeSource | core.AWSElasticBlockStoreVolumeSource) -> None:
    (at / "partition").between(source.partition, 0, _LARGEST_UNIT)


def _git_repo(at: Place, source: core.GitRepoVolumeSource) -> None:
    if source.directory.startswith("/"):
        (at / "directory").invalid(source.directory, "must be a relative path")
    check_no_way_up(at / "directory", source.directory)


def _nfs(at: Place, source: core.NFSVolumeSource) -> None:
    if source.path and not source.path.startswith("/"):
        (at / "path").invalid(source.path, ABSOLUTE)


def _iscsi(at: Place, source: core.ISCSIVolumeSource | core.ISCSIPersistentVolumeSource) -> None:
    if source.iqn and not source.iqn.startswith(_IQN_PREFIXES):
        (at / "iqn").invalid(source.iqn, "must be valid format starting with iqn, eui, or naa")
    (at / "lun").between(source.lun, 0, _LARGEST_UNIT)
    if (source.chap_auth_discovery or source.chap_auth_session) and not source.HasField("secret_ref"):
        (at / "secretRef").required()


def _flocker(at: Place, source: core.FlockerVolumeSource) -> None:
    if not source.dataset_name and not source.dataset_uuid:
        at.required("one of datasetName and datasetUUID is required")
    elif source.dataset_name and source.dataset_uuid:
        at.invalid("resource", "datasetName and datasetUUID can not be specified simultaneously")
    if "/" in source.dataset_name:
        (at / "datasetName").invalid(source.dataset_name, "must not contain '/'")


def _fc(at: Place, source: core.FCVolumeSource) -> None:
    names_of, ids = list(source.target_wwns), list(source.wwids)
    if not names_of and not ids:
        (at / "targetWWNs").required("must specify either targetWWNs or wwids, but not both")
    elif names_of and ids:
        (at / "targetWWNs").invalid(names_of, "targetWWNs and wwids can not be specified simultaneously")
    if names_of and not source.HasField("lun"):
        (at / "lun").required("lun is required if targetWWNs is specified")
    elif names_of:
        (at / "lun").between(source.lun, 0, _LARGEST_UNIT)


def _quobyte(at: Place, source: core.QuobyteVolumeSource) -> None:
    for one in source.registry.split(",") if source.registry else ():
        if not all(part.strip() for part in one.rpartition(":")[::2]):
            (at / "registry").invalid(source.registry, "must be a host:port pair or multiple pairs separated by commas")
            return


def _azure_disk(at: Place, source: core.AzureDiskVolumeSource) -> None:
    if source.HasField("caching_mode"):
        (at / "cachingMode").one_of(source.caching_mode, _CACHING_MODES)
    if source.HasField("kind"):
        (at / "kind").one_of(source.kind, _DISK_KINDS)
    if source.kind == "Managed" and not source.disk_uri.startswith("/subscriptions"):
        (at / "diskURI").invalid(source.disk_uri, "must start with '/subscriptions' for a managed disk")


def _storageos(at: Place, source: core.StorageOSVolumeSource | core.StorageOSPersistentVolumeSource) -> None:
    (at / "volumeName").needs(source.volume_name, names.dns_label)
    if source.volume_namespace:
        (at / "volumeNamespace").check(source.volume_namespace, names.dns_label)


def _csi(at: Place, source: core.CSIVolumeSource | core.CSIPersistentVolumeSource) -> None:
    if len(source.driver) > _LONGEST_DRIVER:
        (at / "driver").too_long(_LONGEST_DRIVER)
    elif source.driver:
        (at / "driver").check(source.driver.lower(), names.dns_subdomain)
    if isinstance(source, core.CSIPersistentVolumeSource):
        (at / "volumeHandle").needs(source.volume_handle)
        _check_csi_secrets(at, source)
    elif source.HasField("node_publish_secret_ref"):
        (at / "nodePublishSecretRef" / "name").needs(source.node_publish_secret_ref.name)


def _check_csi_secrets(at: Place, source: core.CSIPersistentVolumeSource) -> None:
    for field, value in source.ListFields():
        if isinstance(value, core.SecretReference):
            (at / field.json_name / "name").needs(value.name)
            (at / field.json_name / "namespace").needs(value.namespace)


def _image(at: Place, source: core.ImageVolumeSource) -> None:
    if source.pull_policy:
        (at / "pullPolicy").one_of(source.pull_policy, _PULL_POLICIES)


_SPECIAL: Mapping[str, Callable[[Place, Any], None]] = {
    "host_path": _host_path,
    "gce_persistent_disk": _disk,
    "aws_elastic_block_store": _disk,
    "git_repo": _git_repo,
    "nfs": _nfs,
    "iscsi": _iscsi,
    "flocker": _flocker,
    "fc": _fc,
    "quobyte": _quobyte,
    "azure_disk": _azure_disk,
    "storageos": _storageos,
    "local": _local,
    "csi": _csi,
    "image": _image,
}
