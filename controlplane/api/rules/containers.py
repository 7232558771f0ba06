"""Rules for one container of a pod: what it runs, what it sees, what it may do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from controlplane.api import names
from controlplane.api.rules import probes
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantity, check_requirements
from protos.v1 import core_pb2 as core

PROTOCOLS = ("TCP", "UDP", "SCTP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROPAGATIONS = ("None", "HostToContainer", "Bidirectional")
_ENV_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
               "status.hostIP", "status.podIP", "status.hostIPs", "status.podIPs")  # fmt: skip
_RESOURCE_FIELD = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)")
_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_LARGEST_ID = 2**31 - 1
_FORBIDDEN_AT_START = {"lifecycle": "lifecycle", "liveness_probe": "livenessProbe", "readiness_probe": "readinessProbe",
                       "startup_probe": "startupProbe"}  # fmt: skip

AnyContainer = core.Container | core.EphemeralContainerCommon


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a container's rules must know of its pod."""

    volumes: frozenset[str]
    grace_seconds: int
    host_network: bool = False


def check_container(at: Place, container: AnyContainer, pod: Surroundings) -> None:
    """What holds for containers of every sort."""
    (at / "name").needs(container.name, names.dns_label)
    _check_image(at / "image", container.image)
    (at / "imagePullPolicy").one_of(container.image_pull_policy, _PULL_POLICIES)
    (at / "terminationMessagePolicy").one_of(container.termination_message_policy, _MESSAGE_POLICIES)
    _check_ports(at / "ports", container.ports, host_network=pod.host_network)
    for place, variable in (at / "env").each(container.env):
        _check_env(place, variable)
    for place, source in (at / "envFrom").each(container.env_from):
        _check_env_from(place, source)
    _check_mounts(at / "volumeMounts", container.volume_mounts, pod.volumes)
    check_requirements(at / "resources", container.resources)
    _check_probes(at, container)
    if container.HasField("lifecycle"):
        probes.check_lifecycle(at / "lifecycle", container.lifecycle, grace_seconds=pod.grace_seconds)
    if container.HasField("security_context"):
        _check_security(at / "securityContext", container.security_context)


def _check_probes(at: Place, container: AnyContainer) -> None:
    if container.HasField("liveness_probe"):
        probes.check_probe(at / "livenessProbe", container.liveness_probe, kind="liveness")
    if container.HasField("readiness_probe"):
        probes.check_probe(at / "readinessProbe", container.readiness_probe, kind="readiness")
    if container.HasField("startup_probe"):
        probes.check_probe(at / "startupProbe", container.startup_probe, kind="startup")


def check_init_container(at: Place, container: core.Container) -> None:
    """An init container runs to its end, unless it restarts always and so becomes a sidecar."""
    if container.HasField("restart_policy"):
        (at / "restartPolicy").one_of(container.restart_policy, ("Always",))
        return
    given = {field.name for field, _ in container.ListFields()}
    for attribute, field in _FORBIDDEN_AT_START.items():
        if attribute in given:
            (at / field).forbidden("may not be set for init containers without restartPolicy=Always")


def check_main_container(at: Place, container: core.Container) -> None:
    if container.HasField("restart_policy"):
        (at / "restartPolicy").forbidden("may not be set for non-init containers")


def _check_image(at: Place, image: str) -> None:
    if not image:
        at.required("name an image, such as nginx:1.27")
    elif image != image.strip():
        at.invalid(image, "must not have leading or trailing whitespace")


def _check_ports(at: Place, ports: Iterable[core.ContainerPort], *, host_network: bool) -> None:
    for place, port in at.each(ports):
        if port.name:
            (place / "name").check(port.name, names.port_name)
        if not port.container_port:
            (place / "containerPort").required()
        else:
            (place / "containerPort").between(port.container_port, 1, 65535)
        if port.host_port:
            (place / "hostPort").between(port.host_port, 1, 65535)
            if host_network and port.host_port != port.container_port:
                (place / "hostPort").invalid(port.host_port, "must match `containerPort` when `hostNetwork` is true")
        (place / "protocol").one_of(port.protocol, PROTOCOLS)
        if port.host_ip:
            (place / "hostIP").check(port.host_ip, names.ip_address)
    report_duplicates(at, [port.name for port in ports], "name")


def _check_env(at: Place, variable: core.EnvVar) -> None:
    (at / "name").needs(variable.name, names.env_name)
    if not variable.HasField("value_from"):
        return
    source, place = variable.value_from, at / "valueFrom"
    given = source.ListFields()
    if not given:
        place.required("must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")
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
    if ref.HasField("divisor"):
        check_quantity(at / "divisor", ref.divisor)


def _check_env_from(at: Place, source: core.EnvFromSource) -> None:
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


def _check_mounts(at: Place, mounts: Iterable[core.VolumeMount], volumes: frozenset[str]) -> None:
    paths: set[str] = set()
    for place, mount in at.each(mounts):
        if not mount.name:
            (place / "name").required()
        elif mount.name not in volumes:
            (place / "name").not_found(mount.name, "name one of spec.volumes")
        if not mount.mount_path:
            (place / "mountPath").required()
        elif mount.mount_path in paths:
            (place / "mountPath").invalid(mount.mount_path, "must be unique")
        paths.add(mount.mount_path)
        if mount.sub_path and mount.sub_path_expr:
            (place / "subPathExpr").invalid(mount.sub_path_expr, "subPathExpr and subPath are mutually exclusive")
        for field, path in (("subPath", mount.sub_path), ("subPathExpr", mount.sub_path_expr)):
            check_local_path(place / field, path)
        if mount.HasField("mount_propagation"):
            (place / "mountPropagation").one_of(mount.mount_propagation, _PROPAGATIONS)


def check_local_path(at: Place, path: str) -> None:
    """A path below some directory; an empty one is that directory."""
    if path.startswith("/"):
        at.invalid(path, "must be a relative path")
    elif ".." in path.split("/"):
        at.invalid(path, "must not contain '..'")


def _check_security(at: Place, security: core.SecurityContext) -> None:
    check_ids(at, security)
    confined = security.HasField("allow_privilege_escalation") and not security.allow_privilege_escalation
    if confined and security.privileged:
        at.invalid(security, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    if confined and "SYS_ADMIN" in security.capabilities.add:
        at.invalid(security, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` SYS_ADMIN")


def check_ids(at: Place, security: core.SecurityContext | core.PodSecurityContext) -> None:
    if security.HasField("run_as_user"):
        (at / "runAsUser").between(security.run_as_user, 0, _LARGEST_ID)
    if security.HasField("run_as_group"):
        (at / "runAsGroup").between(security.run_as_group, 0, _LARGEST_ID)
    if security.HasField("seccomp_profile"):
        profile, place = security.seccomp_profile, at / "seccompProfile"
        (place / "type").one_of(profile.type, ("Localhost", "RuntimeDefault", "Unconfined"))
        if profile.type == "Localhost" and not profile.localhost_profile:
            (place / "localhostProfile").required("must be set when seccomp type is Localhost")
