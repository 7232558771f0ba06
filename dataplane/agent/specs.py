"""What the runtime is asked to make of a pod. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from controlplane.api import quantity
from dataplane.agent.plan import spec_hash
from dataplane.agent.qos import oom_score_adjust
from dataplane.runtime.types import (
    CPU_PERIOD_MICROS,
    ContainerSpec,
    Mount,
    PodName,
    Resources,
    SandboxSpec,
    Security,
)
from protos.v1 import core_pb2 as core

_LONGEST_HOSTNAME = 63
_SHARES_PER_CPU = 1024
_LEAST_SHARES = 2
_LEAST_QUOTA_MICROS = 1000
_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")


def pod_name(pod: core.Pod) -> PodName:
    return PodName(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid)


def sandbox_spec(pod: core.Pod, attempt: int) -> SandboxSpec:
    hosts = [f"{name}:{alias.ip}" for alias in pod.spec.host_aliases for name in alias.hostnames]
    sysctls = {setting.name: setting.value for setting in pod.spec.security_context.sysctls}
    return SandboxSpec(pod_name(pod), attempt, hostname(pod), extra_hosts=hosts, sysctls=sysctls)


def hostname(pod: core.Pod) -> str:
    return (pod.spec.hostname or pod.metadata.name)[:_LONGEST_HOSTNAME].rstrip("-.")


def container_spec(
    pod: core.Pod,
    container: core.Container,
    *,
    attempt: int,
    backoff_seconds: int,
    env: Sequence[tuple[str, str]],
    mounts: Sequence[Mount],
    memory_capacity: int,
) -> ContainerSpec:
    known = dict(env)
    return ContainerSpec(
        pod=pod_name(pod),
        name=container.name,
        image=container.image,
        attempt=attempt,
        backoff_seconds=backoff_seconds,
        is_init=container.name in {init.name for init in pod.spec.init_containers},
        spec_hash=spec_hash(container),
        command=[expand(word, known) for word in container.command] or None,
        args=[expand(word, known) for word in container.args] or None,
        env=env,
        working_dir=container.working_dir,
        mounts=mounts,
        resources=_resources(pod, container, memory_capacity),
        security=_security(pod.spec.security_context, container.security_context),
        share_processes=pod.spec.share_process_namespace,
        stdin=container.stdin,
        tty=container.tty,
    )


def expand(text: str, values: Mapping[str, str]) -> str:
    """`$(NAME)` becomes its value, `$$(NAME)` becomes `$(NAME)`, and an unknown name stays as it is written."""

    def replace(found: re.Match[str]) -> str:
        name = found.group(1)
        return "$" if name is None else values.get(name, found.group(0))

    return _REFERENCE.sub(replace, text)


def _resources(pod: core.Pod, container: core.Container, memory_capacity: int) -> Resources:
    requests, limits = container.resources.requests, container.resources.limits
    asked = requests.get("cpu") or limits.get("cpu")
    shares = max(_LEAST_SHARES, quantity.millis(asked) * _SHARES_PER_CPU // 1000) if asked else _LEAST_SHARES
    limit = quantity.millis(limits["cpu"]) if "cpu" in limits else 0
    return Resources(
        cpu_shares=shares,
        cpu_quota_micros=max(_LEAST_QUOTA_MICROS, limit * CPU_PERIOD_MICROS // 1000) if limit else 0,
        memory_bytes=quantity.value(limits["memory"]) if "memory" in limits else 0,
        oom_score_adjust=oom_score_adjust(pod, container, memory_capacity=memory_capacity),
    )


def _security(pod: core.PodSecurityContext, own: core.SecurityContext) -> Security:
    """The container's own settings, where it has none those of the pod."""
    groups = [*pod.supplemental_groups, *([pod.fs_group] if pod.HasField("fs_group") else [])]
    return Security(
        user=_user(pod, own),
        groups=[str(group) for group in groups],
        privileged=own.privileged,
        add_capabilities=list(own.capabilities.add),
        drop_capabilities=list(own.capabilities.drop),
        read_only_root=own.read_only_root_filesystem,
        no_new_privileges=own.HasField("allow_privilege_escalation") and not own.allow_privilege_escalation,
    )


def why_root(pod: core.Pod, container: core.Container, image_user: str) -> str:
    """Why the container must not run: it would be root and says that it must not be. Empty if it may run.

    `image_user` is the image's own user, as `NAME`, `UID` or either with `:GROUP`.
    """
    above, own = pod.spec.security_context, container.security_context
    if not (own.run_as_non_root if own.HasField("run_as_non_root") else above.run_as_non_root):
        return ""
    metadata = pod.metadata
    where = f'(pod: "{metadata.name}_{metadata.namespace}({metadata.uid})", container: {container.name})'
    chosen = own if own.HasField("run_as_user") else above
    if chosen.HasField("run_as_user"):
        return "" if chosen.run_as_user else f"container's runAsUser breaks non-root policy {where}"
    name = image_user.partition(":")[0]
    if name and not name.isdecimal():
        return f"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root {where}"
    return "" if int(name or 0) else f"container has runAsNonRoot and image will run as root {where}"


def _user(pod: core.PodSecurityContext, own: core.SecurityContext) -> str:
    user = own.run_as_user if own.HasField("run_as_user") else pod.run_as_user if pod.HasField("run_as_user") else None
    group = own.run_as_group if own.HasField("run_as_group") else pod.run_as_group if pod.HasField("run_as_group") else None
    if user is None:
        return "" if group is None else f"0:{group}"
    return f"{user}" if group is None else f"{user}:{group}"
