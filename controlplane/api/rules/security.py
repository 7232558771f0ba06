"""Rules for what a pod and its containers may do on their node: users, groups, profiles, kernel settings."""

from __future__ import annotations

import posixpath
import re

from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core

_LARGEST_ID = 2**31 - 1
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROC_MOUNTS = ("Default", "Unmasked")
_GROUP_CHANGES = ("Always", "OnRootMismatch")
_GROUP_POLICIES = ("Merge", "Strict")
_LABEL_CHANGES = ("MountOption", "Recursive")
_LONGEST_SYSCTL = 253
_SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_LONGEST_PROFILE = 4095

AnySecurity = core.SecurityContext | core.PodSecurityContext


def check_container_security(at: Place, security: core.SecurityContext, *, own_users: bool) -> None:
    """`own_users`: the pod has a user namespace of its own."""
    _check_common(at, security)
    if security.HasField("proc_mount"):
        (at / "procMount").one_of(security.proc_mount, _PROC_MOUNTS)
        if security.proc_mount == "Unmasked" and not own_users:
            (at / "procMount").invalid(security.proc_mount, "`hostUsers` must be false to use `Unmasked`")
    confined = security.HasField("allow_privilege_escalation") and not security.allow_privilege_escalation
    if confined and security.privileged:
        at.invalid(security, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    if confined and "SYS_ADMIN" in security.capabilities.add:
        at.invalid(security, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` SYS_ADMIN")


def check_pod_security(at: Place, spec: core.PodSpec) -> None:
    """`at` is the pod's security context."""
    security = spec.security_context
    if not security.ListFields():
        return
    _check_common(at, security)
    if security.HasField("fs_group"):
        _check_id(at / "fsGroup", security.fs_group)
    for place, group in (at / "supplementalGroups").each(security.supplemental_groups):
        _check_id(place, group)
    words = {
        "fsGroupChangePolicy": ("fs_group_change_policy", _GROUP_CHANGES),
        "supplementalGroupsPolicy": ("supplemental_groups_policy", _GROUP_POLICIES),
        "seLinuxChangePolicy": ("se_linux_change_policy", _LABEL_CHANGES),
    }
    for field, (name, known) in words.items():
        if security.HasField(name):  # type: ignore[arg-type]
            (at / field).one_of(getattr(security, name), known)
    _check_sysctls(at / "sysctls", spec)


def _check_common(at: Place, security: AnySecurity) -> None:
    if security.HasField("run_as_user"):
        _check_id(at / "runAsUser", security.run_as_user)
    if security.HasField("run_as_group"):
        _check_id(at / "runAsGroup", security.run_as_group)
    if security.HasField("seccomp_profile"):
        _check_seccomp(at / "seccompProfile", security.seccomp_profile)
    if security.HasField("app_armor_profile"):
        _check_app_armor(at / "appArmorProfile", security.app_armor_profile)
    if security.windows_options.host_process and not security.windows_options.run_as_user_name:
        (at / "windowsOptions" / "runAsUserName").required("must be set when hostProcess is true")


def _check_id(at: Place, number: int) -> None:
    at.between(number, 0, _LARGEST_ID)


def _check_seccomp(at: Place, profile: core.SeccompProfile) -> None:
    (at / "type").one_of(profile.type, _PROFILES)
    path, place = profile.localhost_profile, at / "localhostProfile"
    if profile.type != "Localhost":
        if profile.HasField("localhost_profile"):
            place.invalid(path, "can only be set when seccomp type is Localhost")
    elif not path:
        place.required("must be set when seccomp type is Localhost")
    elif path.startswith("/") or ".." in posixpath.normpath(path).split("/"):
        place.invalid(path, "must be a relative path that does not lead out of the profiles' directory")


def _check_app_armor(at: Place, profile: core.AppArmorProfile) -> None:
    (at / "type").one_of(profile.type, _PROFILES)
    name, place = profile.localhost_profile, at / "localhostProfile"
    if profile.type != "Localhost":
        if profile.HasField("localhost_profile"):
            place.invalid(name, "can only be set when AppArmor type is Localhost")
    elif not name.strip():
        place.required("must be set when AppArmor type is Localhost")
    elif name != name.strip():
        place.invalid(name, "must not be padded with whitespace")
    elif len(name) > _LONGEST_PROFILE:
        place.too_long(_LONGEST_PROFILE)


def _check_sysctls(at: Place, spec: core.PodSpec) -> None:
    seen: set[str] = set()
    for place, sysctl in at.each(spec.security_context.sysctls):
        name = sysctl.name.replace("/", ".")
        if not sysctl.name:
            (place / "name").required()
        elif len(sysctl.name) > _LONGEST_SYSCTL or not _SYSCTL.fullmatch(sysctl.name):
            (place / "name").invalid(
                sysctl.name, f"must have at most {_LONGEST_SYSCTL} characters and match regex ^{_SYSCTL.pattern}$"
            )
        elif name in seen:
            (place / "name").duplicate(sysctl.name)
        if spec.host_network and name.startswith("net."):
            (place / "name").invalid(sysctl.name, "may not be specified when 'hostNetwork' is set to true")
        if spec.host_ipc and name.startswith(("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")):
            (place / "name").invalid(sysctl.name, "may not be specified when 'hostIPC' is set to true")
        seen.add(name)
