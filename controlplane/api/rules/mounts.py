"""Rules for how a container sees the pod's volumes: as directories and as devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core

AnyContainer = core.Container | core.EphemeralContainerCommon

_PROPAGATIONS = ("None", "HostToContainer", "Bidirectional")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")
_OF_BLOCKS = ("persistent_volume_claim", "ephemeral")


def check_mounts(at: Place, container: AnyContainer, volumes: Mapping[str, str]) -> None:
    """`at` is the container; `volumes` says which source each volume of the pod has."""
    privileged = container.security_context.privileged
    paths: set[str] = set()
    for place, mount in (at / "volumeMounts").each(container.volume_mounts):
        if not mount.name:
            (place / "name").required()
        elif mount.name not in volumes:
            (place / "name").not_found(mount.name, "name one of spec.volumes")
        if not mount.mount_path:
            (place / "mountPath").required()
        elif mount.mount_path in paths:
            (place / "mountPath").invalid(mount.mount_path, "must be unique")
        paths.add(mount.mount_path)
        _check_sub_paths(place, mount)
        _check_propagation(place, mount, privileged=privileged)
    if container.volume_devices:
        _check_devices(at / "volumeDevices", container.volume_devices, container.volume_mounts, volumes)


def _check_sub_paths(at: Place, mount: core.VolumeMount) -> None:
    if mount.sub_path and mount.sub_path_expr:
        (at / "subPathExpr").invalid(mount.sub_path_expr, "subPathExpr and subPath are mutually exclusive")
    for field, path in (("subPath", mount.sub_path), ("subPathExpr", mount.sub_path_expr)):
        check_local_path(at / field, path)


def check_local_path(at: Place, path: str) -> None:
    """A path inside a volume."""
    if path.startswith("/"):
        at.invalid(path, "must be a relative path")
    elif ".." in path.split("/"):
        at.invalid(path, "must not contain '..'")


def _check_propagation(at: Place, mount: core.VolumeMount, *, privileged: bool) -> None:
    if mount.HasField("mount_propagation"):
        (at / "mountPropagation").one_of(mount.mount_propagation, _PROPAGATIONS)
        if mount.mount_propagation == "Bidirectional" and not privileged:
            (at / "mountPropagation").forbidden("Bidirectional mount propagation is available only to privileged containers")
    if not mount.HasField("recursive_read_only"):
        return
    place = at / "recursiveReadOnly"
    place.one_of(mount.recursive_read_only, _RECURSIVE)
    if mount.recursive_read_only in {"Enabled", "IfPossible"}:
        if not mount.read_only:
            place.forbidden("may only be specified when readOnly is true")
        if mount.mount_propagation not in {"", "None"}:
            place.forbidden("may only be specified when mountPropagation is None or not specified")


def _check_devices(
    at: Place, devices: Iterable[core.VolumeDevice], mounts: Iterable[core.VolumeMount], volumes: Mapping[str, str]
) -> None:
    named, paths = {mount.name for mount in mounts}, {mount.mount_path for mount in mounts}
    for place, device in at.each(devices):
        name, path = place / "name", place / "devicePath"
        if not device.name:
            name.required()
        elif device.name not in volumes:
            name.not_found(device.name, "name one of spec.volumes")
        elif volumes[device.name] not in _OF_BLOCKS:
            name.invalid(device.name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
        if device.name in named:
            name.invalid(device.name, "must be unique")
        if not device.device_path:
            path.required()
        elif device.device_path in paths:
            path.invalid(device.device_path, "must be unique")
        elif ".." in device.device_path.split("/"):
            path.invalid(device.device_path, "must not contain '..'")
        named.add(device.name)
        paths.add(device.device_path)
