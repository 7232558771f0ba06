"""Rules for a container's environment variables, and for what variables and files may tell of the pod."""

from __future__ import annotations

import re
from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.mounts import check_local_path
from controlplane.api.rules.places import Place
from controlplane.api.rules.resources import check_quantity
from protos.v1 import core_pb2 as core

_ENV_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
               "status.hostIP", "status.podIP", "status.hostIPs", "status.podIPs")  # fmt: skip
_RESOURCE_FIELD = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)")
_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_CPU_DIVISORS = ("1m", "1")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def check_env(at: Place, variable: core.EnvVar) -> None:
    (at / "name").needs(variable.name, names.env_name)
    if not variable.HasField("value_from"):
        return
    source, place = variable.value_from, at / "valueFrom"
    given = source.ListFields()
    if not given:
        place.required(
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        )
    elif variable.value:
        place.forbidden("may not be specified when `value` is not empty")
    elif len(given) > 1:
        place.forbidden("may not have more than one field specified at a time")
    if source.HasField("field_ref"):
        check_field_ref(place / "fieldRef", source.field_ref, _ENV_FIELDS)
    if source.HasField("resource_field_ref"):
        check_resource_ref(place / "resourceFieldRef", source.resource_field_ref)
    if source.HasField("config_map_key_ref"):
        _check_key_ref(place / "configMapKeyRef", source.config_map_key_ref)
    if source.HasField("secret_key_ref"):
        _check_key_ref(place / "secretKeyRef", source.secret_key_ref)
    if source.HasField("file_key_ref"):
        _check_file_ref(place / "fileKeyRef", source.file_key_ref)


def _check_file_ref(at: Place, ref: core.FileKeySelector) -> None:
    (at / "key").needs(ref.key, names.env_name)
    (at / "volumeName").needs(ref.volume_name)
    (at / "path").needs(ref.path)
    check_local_path(at / "path", ref.path)


def _check_key_ref(at: Place, ref: core.ConfigMapKeySelector | core.SecretKeySelector) -> None:
    (at / "name").needs(ref.local_object_reference.name, names.dns_subdomain)
    (at / "key").needs(ref.key, names.config_key)


def check_field_ref(at: Place, ref: core.ObjectFieldSelector, supported: Iterable[str]) -> None:
    path = at / "fieldPath"
    if not ref.field_path:
        path.required()
    elif keyed := _KEYED_FIELD.fullmatch(ref.field_path):
        path.check(keyed[2].lower(), names.qualified_name)
    else:
        path.one_of(ref.field_path, tuple(supported))


def check_resource_ref(at: Place, ref: core.ResourceFieldSelector) -> None:
    if not ref.resource:
        (at / "resource").required()
    elif not _RESOURCE_FIELD.fullmatch(ref.resource):
        (at / "resource").invalid(
            ref.resource, "must be limits or requests of cpu, memory or ephemeral-storage, as in limits.cpu"
        )
    if ref.HasField("divisor") and check_quantity(at / "divisor", ref.divisor):
        _check_divisor(at / "divisor", ref)


def _check_divisor(at: Place, ref: core.ResourceFieldSelector) -> None:
    """Units in which people read the amount; none at all means one."""
    known = _CPU_DIVISORS if ref.resource.endswith(".cpu") else _BYTE_DIVISORS
    if ref.divisor.string not in known:
        resource = ref.resource.partition(".")[2]
        at.invalid(
            ref.divisor.string, f"only divisor's values {', '.join(known)} are supported with the {resource} resource"
        )


def check_env_from(at: Place, source: core.EnvFromSource) -> None:
    if source.prefix:
        (at / "prefix").check(source.prefix, names.env_name)
    of_map, of_secret = source.HasField("config_map_ref"), source.HasField("secret_ref")
    if not of_map and not of_secret:
        at.required("must specify one of: `configMapRef` or `secretRef`")
    if of_map and of_secret:
        at.forbidden("may not have more than one field specified at a time")
    if of_map:
        (at / "configMapRef" / "name").needs(source.config_map_ref.local_object_reference.name, names.dns_subdomain)
    if of_secret:
        (at / "secretRef" / "name").needs(source.secret_ref.local_object_reference.name, names.dns_subdomain)
