"""Volumes, claims and storage classes in rows."""

from __future__ import annotations

from collections.abc import Sequence

from console.printers.ages import since
from console.printers.columns import Column, Table
from console.printers.config import existence
from controlplane.api.objects import is_terminating
from protos.v1 import core_pb2 as core
from protos.v1 import storage_pb2 as storage

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_UNSET = "<unset>"


def _modes(modes: Sequence[str]) -> str:
    """`RWO,ROX`, in one order and each once."""
    return ",".join(short for mode, short in _MODES.items() if mode in modes)


def _volume_cells(volume: core.PersistentVolume, now: float) -> tuple[str, ...]:
    spec, claim = volume.spec, volume.spec.claim_ref
    return (
        volume.metadata.name,
        spec.capacity["storage"].string if "storage" in spec.capacity else "",
        _modes(spec.access_modes),
        spec.persistent_volume_reclaim_policy,
        _volume_status(volume),
        f"{claim.namespace}/{claim.name}" if claim.name else "",
        spec.storage_class_name,
        spec.volume_attributes_class_name or _UNSET,
        volume.status.reason,
        since(volume.metadata.creation_timestamp, now),
        spec.volume_mode,
    )


def _volume_status(volume: core.PersistentVolume) -> str:
    return "Terminating" if is_terminating(volume) else volume.status.phase or "Pending"


def _claim_cells(claim: core.PersistentVolumeClaim, now: float) -> tuple[str, ...]:
    spec, status = claim.spec, claim.status
    bound = bool(spec.volume_name)
    return (
        claim.metadata.name,
        _claim_status(claim),
        spec.volume_name,
        status.capacity["storage"].string if bound and "storage" in status.capacity else "",
        _modes(status.access_modes) if bound else "",
        spec.storage_class_name,
        spec.volume_attributes_class_name or _UNSET,
        since(claim.metadata.creation_timestamp, now),
        spec.volume_mode,
    )


def _claim_status(claim: core.PersistentVolumeClaim) -> str:
    return "Terminating" if is_terminating(claim) else claim.status.phase or "Pending"


def _class_cells(storage_class: storage.StorageClass, now: float) -> tuple[str, ...]:
    name = storage_class.metadata.name
    return (
        f"{name} (default)" if storage_class.metadata.annotations.get(_DEFAULT) == "true" else name,
        storage_class.provisioner,
        storage_class.reclaim_policy or "Delete",
        storage_class.volume_binding_mode or "Immediate",
        "true" if storage_class.allow_volume_expansion else "false",
        since(storage_class.metadata.creation_timestamp, now),
    )


PERSISTENT_VOLUMES = Table(
    (
        _NAME, Column("CAPACITY"), Column("ACCESS MODES", priority=2), Column("RECLAIM POLICY", priority=2),
        Column("STATUS"), Column("CLAIM", priority=1), Column("STORAGECLASS", priority=2),
        Column("VOLUMEATTRIBUTESCLASS", priority=4), Column("REASON", priority=3), _AGE,
        Column("VOLUMEMODE", wide=True, priority=4),
    ),
    _volume_cells, _volume_status,
)  # fmt: skip
PERSISTENT_VOLUME_CLAIMS = Table(
    (
        _NAME, Column("STATUS"), Column("VOLUME", priority=1), Column("CAPACITY"), Column("ACCESS MODES", priority=2),
        Column("STORAGECLASS", priority=2), Column("VOLUMEATTRIBUTESCLASS", priority=4), _AGE,
        Column("VOLUMEMODE", wide=True, priority=4),
    ),
    _claim_cells, _claim_status,
)  # fmt: skip
STORAGE_CLASSES = Table(
    (
        _NAME, Column("PROVISIONER"), Column("RECLAIMPOLICY", priority=1), Column("VOLUMEBINDINGMODE", priority=2),
        Column("ALLOWVOLUMEEXPANSION", priority=3), _AGE,
    ),
    _class_cells, existence,
)  # fmt: skip
