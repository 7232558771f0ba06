"""Specs written as the Docker Engine API wants them (POST /containers/create). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataplane.runtime import labels
from dataplane.runtime.types import CPU_PERIOD_MICROS, ContainerSpec, Resources, SandboxSpec, Security

Config = dict[str, Any]

# Output is kept in files that the engine rotates: "local" keeps the bytes as they are, where "json-file" keeps only UTF-8.
_LOGS = {"Type": "local", "Config": {"max-size": "10m", "max-file": "3", "compress": "false"}}
_SANDBOX_CPU_SHARES = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """What all containers of a pod have in common. `lowest_oom_score` bounds the score adjustments from below."""

    node: str
    cgroup_parent: str
    lowest_oom_score: int = 0


def sandbox_config(spec: SandboxSpec, setting: Setting, *, image: str) -> Config:
    """No network of the engine's: the agent plugs the namespace itself."""
    host: Config = {
        "NetworkMode": "none",
        "IpcMode": "shareable",
        "CgroupParent": setting.cgroup_parent,
        "LogConfig": {"Type": "none"},
        "CpuShares": _SANDBOX_CPU_SHARES,
        "OomScoreAdj": setting.lowest_oom_score,
        "SecurityOpt": ["no-new-privileges"],
        "ExtraHosts": list(spec.extra_hosts),
        "Sysctls": dict(spec.sysctls),
    }
    return {
        "Image": image,
        "Hostname": spec.hostname,
        "Labels": labels.of_sandbox(setting.node, spec),
        "HostConfig": host,
    }


def container_config(spec: ContainerSpec, sandbox_id: str, setting: Setting) -> Config:
    shared = f"container:{sandbox_id}"
    host: Config = {
        "NetworkMode": shared,
        "IpcMode": shared,
        "CgroupParent": setting.cgroup_parent,
        "LogConfig": _LOGS,
        "Binds": [f"{m.source}:{m.target}:{'ro' if m.read_only else 'rw'}" for m in spec.mounts],
        **_limits(spec.resources, setting.lowest_oom_score),
        **_security(spec.security),
    }
    if spec.share_processes:
        host["PidMode"] = shared
    config: Config = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in spec.env],
        "Labels": labels.of_container(setting.node, sandbox_id, spec),
        "OpenStdin": spec.stdin,
        "Tty": spec.tty,
        "User": spec.security.user,
        "WorkingDir": spec.working_dir,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }
    if spec.command is not None:
        config["Entrypoint"] = list(spec.command)
    if spec.args is not None:
        config["Cmd"] = list(spec.args)
    return config


def _limits(resources: Resources, lowest_oom_score: int) -> Config:
    oom_score = max(resources.oom_score_adjust, lowest_oom_score)
    limits: Config = {"CpuShares": resources.cpu_shares, "OomScoreAdj": oom_score}
    if resources.cpu_quota_micros:
        limits |= {"CpuQuota": resources.cpu_quota_micros, "CpuPeriod": CPU_PERIOD_MICROS}
    if resources.memory_bytes:
        # The same figure for memory with swap: no swap.
        limits |= {"Memory": resources.memory_bytes, "MemorySwap": resources.memory_bytes}
    return limits


def _security(security: Security) -> Config:
    return {
        "Privileged": security.privileged,
        "CapAdd": list(security.add_capabilities),
        "CapDrop": list(security.drop_capabilities),
        "ReadonlyRootfs": security.read_only_root,
        "GroupAdd": list(security.groups),
        "SecurityOpt": ["no-new-privileges"] if security.no_new_privileges else [],
    }
