"""Rules for one container of a pod: what it runs, what it sees, what it may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controlplane.api import names
from controlplane.api.rules import probes
from controlplane.api.rules.environment import check_env, check_env_from
from controlplane.api.rules.mounts import AnyContainer, check_mounts
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_requirements
from controlplane.api.rules.security import check_container_security
from protos.v1 import core_pb2 as core

PROTOCOLS = ("TCP", "UDP", "SCTP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESIZABLE = ("cpu", "memory")
_RESIZE_POLICIES = ("NotRequired", "RestartContainer")
_WINDOWS_SIGNALS = ("SIGKILL", "SIGTERM")
_SIGNALS = tuple(
    f"SIG{name}" for name in (
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
        "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", *("RTMIN", *(f"RTMIN+{n}" for n in range(1, 16))),
        *(f"RTMAX-{n}" for n in range(14, 0, -1)), "RTMAX",
    )
)  # fmt: skip
_FORBIDDEN_AT_START = {"lifecycle": "lifecycle", "liveness_probe": "livenessProbe", "readiness_probe": "readinessProbe",
                       "startup_probe": "startupProbe"}  # fmt: skip
_FORBIDDEN_TO_EPHEMERAL = _FORBIDDEN_AT_START | {"ports": "ports", "resources": "resources", "resize_policy": "resizePolicy"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a container's rules must know of its pod."""

    volumes: Mapping[str, str]  # name -> field of the source
    grace_seconds: int
    host_network: bool = False
    own_users: bool = False
    os: str = ""
    claims: frozenset[str] = frozenset()


def check_container(at: Place, container: AnyContainer, pod: Surroundings) -> None:
    """What holds for containers of every sort."""
    (at / "name").needs(container.name, names.dns_label)
    _check_image(at / "image", container.image)
    (at / "imagePullPolicy").one_of(container.image_pull_policy, _PULL_POLICIES)
    (at / "terminationMessagePolicy").one_of(container.termination_message_policy, _MESSAGE_POLICIES)
    _check_ports(at / "ports", container.ports, host_network=pod.host_network)
    for place, variable in (at / "env").each(container.env):
        check_env(place, variable)
    for place, source in (at / "envFrom").each(container.env_from):
        check_env_from(place, source)
    check_mounts(at, container, pod.volumes)
    check_requirements(at / "resources", container.resources)
    if container.resources.claims:
        _check_claims(at / "resources" / "claims", container, pod)
    if container.resize_policy:
        _check_resize(at / "resizePolicy", container.resize_policy)
    if container.restart_policy_rules and not container.restart_policy:
        (at / "restartPolicy").required("must specify restartPolicy when restart rules are used")
    _check_probes(at, container)
    if container.HasField("lifecycle"):
        probes.check_lifecycle(at / "lifecycle", container.lifecycle, grace_seconds=pod.grace_seconds)
        if container.lifecycle.HasField("stop_signal"):
            _check_stop_signal(at / "lifecycle" / "stopSignal", container.lifecycle.stop_signal, pod)
    if container.HasField("security_context"):
        check_container_security(at / "securityContext", container.security_context, own_users=pod.own_users)


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


def check_ephemeral_container(at: Place, container: core.EphemeralContainer, names_taken: frozenset[str]) -> None:
    """It is there to look, not to serve: much may not be said of it. `names_taken`: the pod's other containers."""
    for field, value in container.ephemeral_container_common.ListFields():
        word = _FORBIDDEN_TO_EPHEMERAL.get(field.name)
        if word and (field.is_repeated or value.ListFields()):
            (at / word).forbidden("cannot be set for an Ephemeral Container")
    for place, mount in (at / "volumeMounts").each(container.ephemeral_container_common.volume_mounts):
        if mount.sub_path:
            (place / "subPath").forbidden("cannot be set for an Ephemeral Container")
        if mount.sub_path_expr:
            (place / "subPathExpr").forbidden("cannot be set for an Ephemeral Container")
    target = container.target_container_name
    if target and target not in names_taken:
        (at / "targetContainerName").not_found(target, "name one of spec.containers")


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


def _check_resize(at: Place, policies: Iterable[core.ContainerResizePolicy]) -> None:
    for place, policy in at.each(policies):
        (place / "resourceName").one_of(policy.resource_name, _RESIZABLE)
        (place / "restartPolicy").one_of(policy.restart_policy, _RESIZE_POLICIES)
    report_duplicates(at, [policy.resource_name for policy in policies], "resourceName")


def _check_claims(at: Place, container: AnyContainer, pod: Surroundings) -> None:
    for place, claim in at.each(container.resources.claims):
        if not claim.name:
            (place / "name").required()
        elif claim.name not in pod.claims:
            (place / "name").not_found(claim.name, "name one of spec.resourceClaims")
    report_duplicates(at, [(claim.name, claim.request) for claim in container.resources.claims])


def _check_stop_signal(at: Place, signal: str, pod: Surroundings) -> None:
    if pod.os == "linux" and signal not in _SIGNALS:
        at.one_of(signal, _SIGNALS)
    elif pod.os == "windows" and signal not in _WINDOWS_SIGNALS:
        at.one_of(signal, _WINDOWS_SIGNALS)
    elif not pod.os:
        at.forbidden("may not be set for containers with empty `spec.os.name`")
