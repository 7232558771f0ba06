"""Rules for a pod's volumes: each a name and exactly one source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.containers import check_field_ref, check_local_path, check_resource_ref
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantity
from protos.v1 import core_pb2 as core

_HOST_PATH_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_MEDIA = ("Memory",)
_FILE_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_LARGEST_MODE = 0o777

Files = core.SecretVolumeSource | core.ConfigMapVolumeSource | core.DownwardAPIVolumeSource | core.ProjectedVolumeSource


def check_volumes(at: Place, volumes: Iterable[core.Volume]) -> None:
    for place, volume in at.each(volumes):
        (place / "name").needs(volume.name, names.dns_label)
        _check_source(place, volume.volume_source)
    report_duplicates(at, [volume.name for volume in volumes], "name")


def _check_source(at: Place, source: core.VolumeSource) -> None:
    given = [field for field, _ in source.ListFields()]
    if not given:
        at.required("must specify a volume type, such as emptyDir: {}")
    for field in given[1:]:
        (at / field.json_name).forbidden("may not specify more than 1 volume type")
    if source.HasField("host_path"):
        _check_host_path(at / "hostPath", source.host_path)
    if source.HasField("empty_dir"):
        _check_empty_dir(at / "emptyDir", source.empty_dir)
    if source.HasField("secret"):
        (at / "secret" / "secretName").needs(source.secret.secret_name, names.dns_subdomain)
        _check_files(at / "secret", source.secret)
        _check_items(at / "secret" / "items", source.secret.items)
    if source.HasField("config_map"):
        (at / "configMap" / "name").needs(source.config_map.local_object_reference.name, names.dns_subdomain)
        _check_files(at / "configMap", source.config_map)
        _check_items(at / "configMap" / "items", source.config_map.items)
    if source.HasField("downward_api"):
        _check_files(at / "downwardAPI", source.downward_api)
        _check_downward(at / "downwardAPI" / "items", source.downward_api.items)
    if source.HasField("projected"):
        _check_projected(at / "projected", source.projected)
    if source.HasField("nfs"):
        (at / "nfs" / "server").needs(source.nfs.server)
        (at / "nfs" / "path").needs(source.nfs.path)
    if source.HasField("persistent_volume_claim"):
        (at / "persistentVolumeClaim" / "claimName").needs(source.persistent_volume_claim.claim_name)


def _check_host_path(at: Place, source: core.HostPathVolumeSource) -> None:
    if not source.path:
        (at / "path").required()
    elif ".." in source.path.split("/"):
        (at / "path").invalid(source.path, "must not contain '..'")
    if source.type:
        (at / "type").one_of(source.type, _HOST_PATH_TYPES)


def _check_empty_dir(at: Place, source: core.EmptyDirVolumeSource) -> None:
    if source.medium and not source.medium.startswith("HugePages"):
        (at / "medium").one_of(source.medium, _MEDIA)
    if source.HasField("size_limit"):
        check_quantity(at / "sizeLimit", source.size_limit)


def _check_files(at: Place, source: Files) -> None:
    if source.HasField("default_mode"):
        _check_mode(at / "defaultMode", source.default_mode)


def _check_mode(at: Place, mode: int) -> None:
    if not 0 <= mode <= _LARGEST_MODE:
        at.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive; in JSON write it in decimal")


def _check_items(at: Place, items: Iterable[core.KeyToPath]) -> None:
    for place, item in at.each(items):
        (place / "key").needs(item.key)
        _check_file(place, item)


def _check_file(at: Place, item: core.KeyToPath | core.DownwardAPIVolumeFile) -> None:
    if not item.path:
        (at / "path").required()
    elif posixpath.normpath(item.path).startswith(".."):
        (at / "path").invalid(item.path, "must not start with '..'")
    else:
        check_local_path(at / "path", item.path)
    if item.HasField("mode"):
        _check_mode(at / "mode", item.mode)


def _check_downward(at: Place, items: Iterable[core.DownwardAPIVolumeFile]) -> None:
    for place, item in at.each(items):
        _check_file(place, item)
        if item.HasField("field_ref") and item.HasField("resource_field_ref"):
            place.forbidden("fieldRef and resourceFieldRef can not be specified simultaneously")
        elif item.HasField("field_ref"):
            check_field_ref(place / "fieldRef", item.field_ref, _FILE_FIELDS)
        elif item.HasField("resource_field_ref"):
            (place / "resourceFieldRef" / "containerName").needs(item.resource_field_ref.container_name)
            check_resource_ref(place / "resourceFieldRef", item.resource_field_ref)
        else:
            place.required("one of fieldRef and resourceFieldRef is required")


def _check_projected(at: Place, source: core.ProjectedVolumeSource) -> None:
    _check_files(at, source)
    for place, projection in (at / "sources").each(source.sources):
        given = [field for field, _ in projection.ListFields()]
        if not given:
            place.required("must specify a source")
        for field in given[1:]:
            (place / field.json_name).forbidden("may not specify more than 1 volume type per source")
        _check_projection(place, projection)


def _check_projection(at: Place, projection: core.VolumeProjection) -> None:
    if projection.HasField("secret"):
        (at / "secret" / "name").needs(projection.secret.local_object_reference.name)
        _check_items(at / "secret" / "items", projection.secret.items)
    if projection.HasField("config_map"):
        (at / "configMap" / "name").needs(projection.config_map.local_object_reference.name)
        _check_items(at / "configMap" / "items", projection.config_map.items)
    _check_downward(at / "downwardAPI" / "items", projection.downward_api.items)
    if projection.HasField("service_account_token"):
        (at / "serviceAccountToken" / "path").needs(projection.service_account_token.path)
