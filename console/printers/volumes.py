"""Volumes, as descriptions of pods and of pod templates show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.printers.page import Page
from console.printers.services import UNSET
from protos.v1 import core_pb2 as core


def go_bool(value: bool) -> str:
    return "true" if value else "false"


def volume_lines(page: Page, volumes: Sequence[core.Volume], indent: str = "") -> None:
    page.line(f"{indent}Volumes:" + ("" if volumes else "\t<none>"))
    for volume in volumes:
        page.line(f"{' ' if indent else ''}{volume.name}:", 1)
        for name, value in _fields(volume.volume_source):
            page.field(name, value, 2)


def _fields(of: core.VolumeSource) -> Iterator[tuple[str, object]]:
    yield from _source(of).items()
    for source in of.projected.sources:
        yield from _projection(source).items()


def _projection(of: core.VolumeProjection) -> Mapping[str, object]:
    """One of the sources of a projected volume."""
    if of.HasField("service_account_token"):
        return {"TokenExpirationSeconds": of.service_account_token.expiration_seconds}
    if of.HasField("config_map"):
        name, optional = of.config_map.local_object_reference.name, of.config_map.optional
        return {"ConfigMapName": name, "Optional": go_bool(optional)}
    if of.HasField("secret"):
        return {"SecretName": of.secret.local_object_reference.name, "Optional": go_bool(of.secret.optional)}
    if of.HasField("downward_api"):
        return {"DownwardAPI": "true"}
    return {}


def _source(of: core.VolumeSource) -> Mapping[str, object]:
    if of.HasField("empty_dir"):
        return {
            "Type": "EmptyDir (a temporary directory that shares a pod's lifetime)",
            "Medium": of.empty_dir.medium,
            "SizeLimit": of.empty_dir.size_limit.string or UNSET,
        }
    if of.HasField("host_path"):
        return {
            "Type": "HostPath (bare host directory volume)",
            "Path": of.host_path.path,
            "HostPathType": of.host_path.type,
        }
    if of.HasField("config_map"):
        return {
            "Type": "ConfigMap (a volume populated by a ConfigMap)",
            "Name": of.config_map.local_object_reference.name,
            "Optional": go_bool(of.config_map.optional),
        }
    if of.HasField("secret"):
        return {
            "Type": "Secret (a volume populated by a Secret)",
            "SecretName": of.secret.secret_name,
            "Optional": go_bool(of.secret.optional),
        }
    if of.HasField("projected"):
        return {"Type": "Projected (a volume that contains injected data from multiple sources)"}
    if of.HasField("downward_api"):
        return {"Type": "DownwardAPI (a volume populated by information about the pod)"}
    if of.HasField("persistent_volume_claim"):
        return {
            "Type": "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            "ClaimName": of.persistent_volume_claim.claim_name,
            "ReadOnly": go_bool(of.persistent_volume_claim.read_only),
        }
    kind = next((field.json_name for field, _ in of.ListFields()), "unknown")
    return {"Type": kind}
