"""Pod security levels: what a namespace's labels ask of its pods (https://kubernetes.io/docs/concepts/security/pod-security-admission/).

    policy_of({"pod-security.kubernetes.io/enforce": "baseline"}).enforce  ->  baseline:latest

Pure. `restricted` asks for all that `baseline` asks for, and more; `privileged` for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from controlplane.api import pod_controls as controls
from controlplane.api import restricted_controls as restricted
from controlplane.api.errors import Problem
from controlplane.api.objects import ApiObject
from controlplane.api.pod_controls import Control, Finding, Subject
from protos.v1 import apps_pb2 as apps
from protos.v1 import batch_pb2 as batch
from protos.v1 import core_pb2 as core

PREFIX = "pod-security.kubernetes.io/"
PRIVILEGED, BASELINE, RESTRICTED = LEVELS = ("privileged", "baseline", "restricted")
MODES = ("enforce", "audit", "warn")
_LATEST = 1 << 16
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]{0,3})")

_SYSCTLS = frozenset(
    ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
     "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range")
)  # fmt: skip
_SYSCTLS_27 = _SYSCTLS | {"net.ipv4.ip_local_reserved_ports"}
_SYSCTLS_29 = _SYSCTLS_27 | {
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes"}  # fmt: skip
_SYSCTLS_32 = _SYSCTLS_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
_SE_LINUX = frozenset({"container_t", "container_init_t", "container_kvm_t"})

# Each control by the first minor version of Kubernetes whose standards have it in this form, in the order of their names.
_History = tuple[tuple[int, Control], ...]
_ALWAYS: tuple[_History, ...] = (
    ((0, controls.app_armor),),
    ((0, controls.host_namespaces),),
    ((0, controls.host_ports),),
    ((34, controls.probe_hosts),),
    ((0, controls.privileged),),
    ((0, controls.proc_mount),),
    ((0, controls.se_linux(_SE_LINUX)), (31, controls.se_linux(_SE_LINUX | {"container_engine_t"}))),
    ((0, controls.sysctls(_SYSCTLS)), (27, controls.sysctls(_SYSCTLS_27)), (29, controls.sysctls(_SYSCTLS_29)),
     (32, controls.sysctls(_SYSCTLS_32))),
    ((0, controls.host_process),),
)  # fmt: skip
# What `restricted` replaces by a stricter form.
_BASELINE_ONLY: tuple[_History, ...] = (
    ((0, controls.base_capabilities),),
    ((0, controls.host_path_volumes),),
    ((0, controls.base_seccomp),),
)
_RESTRICTED: tuple[_History, ...] = (
    ((8, restricted.privilege_escalation),),
    ((0, controls.base_capabilities), (22, restricted.capabilities)),
    ((0, restricted.volumes),),
    ((0, restricted.non_root),),
    ((23, restricted.root_user),),
    ((0, controls.base_seccomp), (19, restricted.seccomp)),
)


@dataclass(frozen=True, slots=True)
class Standard:
    """A level as of a minor version of Kubernetes."""

    level: str = PRIVILEGED
    minor: int = _LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.minor == _LATEST else f'v1.{self.minor}'}"

    @property
    def is_privileged(self) -> bool:
        return self.level == PRIVILEGED


@dataclass(frozen=True, slots=True)
class Policy:
    enforce: Standard
    audit: Standard
    warn: Standard


def policy_of(labels: Mapping[str, str]) -> Policy:
    """What a namespace with these labels asks for. What cannot be read is taken for the strictest that is enforced."""
    return Policy(*(_standard(labels, mode) for mode in MODES))


def _standard(labels: Mapping[str, str], mode: str) -> Standard:
    level = labels.get(PREFIX + mode, PRIVILEGED)
    if level not in LEVELS:
        level = RESTRICTED if mode == "enforce" else PRIVILEGED
    found = _VERSION.fullmatch(labels.get(f"{PREFIX}{mode}-version", ""))
    return Standard(level, int(found[1]) if found else _LATEST)


def label_problems(labels: Mapping[str, str]) -> list[Problem]:
    """Labels of ours that nobody can read."""
    problems = []
    for mode in MODES:
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            text = f'Invalid value: "{level}": must be one of {", ".join(LEVELS)}'
            problems.append(Problem(f"metadata.labels[{PREFIX}{mode}]", text))
        if version is not None and version != "latest" and not _VERSION.fullmatch(version):
            text = f'Invalid value: "{version}": must be "latest" or "v1.x"'
            problems.append(Problem(f"metadata.labels[{PREFIX}{mode}-version]", text))
    return problems


def findings(standard: Standard, subject: Subject) -> list[Finding]:
    """All that keeps the pod from meeting the standard."""
    found = (control(subject) for control in _controls(standard))
    return [finding for finding in found if finding is not None]


def _controls(standard: Standard) -> list[Control]:
    histories: tuple[_History, ...] = ()
    if standard.level == BASELINE:
        histories = (*_BASELINE_ONLY, *_ALWAYS)
    elif standard.level == RESTRICTED:
        histories = (*_ALWAYS, *_RESTRICTED)
    chosen = ([control for since, control in history if since <= standard.minor] for history in histories)
    return [forms[-1] for forms in chosen if forms]


def is_stricter(new: Standard, old: Standard) -> bool:
    """Whether pods that met `old` may fail to meet `new`."""
    if new == old or new.is_privileged:
        return False
    return new.minor != old.minor or LEVELS.index(new.level) > LEVELS.index(old.level)


def subject_of(obj: ApiObject) -> Subject | None:
    """The pod, or the pattern by which the object has pods made; None for objects without one."""
    if isinstance(obj, core.Pod):
        return Subject(obj.metadata, obj.spec)
    if isinstance(obj, batch.CronJob):
        template = obj.spec.job_template.spec.template
    elif isinstance(obj, core.PodTemplate):
        template = obj.template
    elif isinstance(obj, _WORKLOADS):
        template = cast("Any", obj).spec.template
    else:
        return None
    return Subject(template.metadata, template.spec)


_WORKLOADS = (
    core.ReplicationController, apps.Deployment, apps.ReplicaSet, apps.StatefulSet, apps.DaemonSet, batch.Job,
)  # fmt: skip
