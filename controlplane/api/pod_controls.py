"""The controls of the Pod Security Standards, level baseline. Pure.
(https://kubernetes.io/docs/concepts/security/pod-security-standards/)

Each control looks at a pod and says what it finds, worded as Kubernetes does: `privileged (container "a" must not set
securityContext.privileged=true)`. In which version of the standards it came, `pod_security` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

AnyContainer = core.Container | core.EphemeralContainerCommon
AnyContext = core.SecurityContext | core.PodSecurityContext

_BASE_CAPABILITIES = frozenset(
    ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
     "SETPCAP", "SETUID", "SYS_CHROOT")
)  # fmt: skip
_SOUND_PROFILES = ("RuntimeDefault", "Localhost")
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


@dataclass(frozen=True)
class Subject:
    """The pod, or the pattern of a pod, that is looked at."""

    metadata: meta.ObjectMeta
    spec: core.PodSpec

    @cached_property
    def containers(self) -> Sequence[AnyContainer]:
        ephemeral = (container.ephemeral_container_common for container in self.spec.ephemeral_containers)
        return (*self.spec.init_containers, *self.spec.containers, *ephemeral)

    @property
    def contexts(self) -> Sequence[AnyContext]:
        """The security settings of the pod and of its containers."""
        return (self.spec.security_context, *(container.security_context for container in self.containers))

    def those(self, bad: Callable[[AnyContainer], bool]) -> list[str]:
        """The names of the containers for which `bad` holds."""
        return [container.name for container in self.containers if bad(container)]

    @property
    def is_windows(self) -> bool:
        return self.spec.os.name == "windows"


@dataclass(frozen=True, slots=True)
class Finding:
    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})"


Control = Callable[[Subject], Finding | None]


def quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def plural(one: str, count: int) -> str:
    return one if count == 1 else one + "s"


def called(names: Sequence[str]) -> str:
    """`container "a"`, `containers "a", "b"`"""
    return f"{plural('container', len(names))} {quoted(names)}"


def setters(pod: bool, names: Sequence[str]) -> str:
    """`pod and container "a"`; empty when nobody set it."""
    return " and ".join([*(["pod"] if pod else []), *([called(names)] if names else [])])


def host_namespaces(subject: Subject) -> Finding | None:
    spec = subject.spec
    asked = {"hostNetwork": spec.host_network, "hostPID": spec.host_pid, "hostIPC": spec.host_ipc}
    shared = [name for name, on in asked.items() if on]
    return Finding("host namespaces", ", ".join(f"{name}=true" for name in shared)) if shared else None


def host_process(subject: Subject) -> Finding | None:
    names = subject.those(lambda container: container.security_context.windows_options.host_process)
    told = setters(subject.spec.security_context.windows_options.host_process, names)
    return Finding("hostProcess", f"{told} must not set securityContext.windowsOptions.hostProcess=true") if told else None


def privileged(subject: Subject) -> Finding | None:
    names = subject.those(lambda container: container.security_context.privileged)
    return Finding("privileged", f"{called(names)} must not set securityContext.privileged=true") if names else None


def added_beyond(subject: Subject, allowed: frozenset[str]) -> str:
    """Who adds which capabilities beyond those allowed; empty for nobody."""
    names = subject.those(lambda container: bool(set(container.security_context.capabilities.add) - allowed))
    added = {added for container in subject.containers for added in container.security_context.capabilities.add} - allowed
    return f"{called(names)} must not include {quoted(sorted(added))} in securityContext.capabilities.add" if names else ""


def base_capabilities(subject: Subject) -> Finding | None:
    told = added_beyond(subject, _BASE_CAPABILITIES)
    return Finding("non-default capabilities", told) if told else None


def host_path_volumes(subject: Subject) -> Finding | None:
    names = [volume.name for volume in subject.spec.volumes if volume.volume_source.HasField("host_path")]
    return Finding("hostPath volumes", f"{plural('volume', len(names))} {quoted(names)}") if names else None


def host_ports(subject: Subject) -> Finding | None:
    names = subject.those(lambda container: any(port.host_port for port in container.ports))
    if not names:
        return None
    ports = sorted({str(port.host_port) for container in subject.containers for port in container.ports if port.host_port})
    uses = "uses" if len(names) == 1 else "use"
    return Finding("hostPort", f"{called(names)} {uses} {plural('hostPort', len(ports))} {', '.join(ports)}")


def app_armor(subject: Subject) -> Finding | None:
    told = [
        f'{key}="{value}"'
        for key, value in sorted(subject.metadata.annotations.items())
        if key.startswith(_APP_ARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    ]
    context = subject.spec.security_context

    def unsound(has: bool, profile: core.AppArmorProfile) -> bool:
        return has and profile.type not in _SOUND_PROFILES

    names = subject.those(
        lambda one: unsound(one.security_context.HasField("app_armor_profile"), one.security_context.app_armor_profile)
    )
    pod = unsound(context.HasField("app_armor_profile"), context.app_armor_profile)
    who = setters(pod, names)
    if who:
        told.append(f'{who} must not set AppArmor profile type to "Unconfined"')
    return Finding(plural("forbidden AppArmor profile", len(told)), ", ".join(told)) if told else None


def se_linux(types: frozenset[str]) -> Control:
    """Lets only these types of labels be chosen, and neither user nor role."""

    def control(subject: Subject) -> Finding | None:
        def bad(options: core.SELinuxOptions) -> bool:
            return bool(options.user or options.role or (options.type and options.type not in types))

        names = subject.those(lambda container: bad(container.security_context.se_linux_options))
        told = setters(bad(subject.spec.security_context.se_linux_options), names)
        if not told:
            return None
        chosen = [context.se_linux_options for context in subject.contexts]
        wrong = sorted({options.type for options in chosen if options.type} - types)
        data = [f"{plural('type', len(wrong))} {quoted(wrong)}"] if wrong else []
        data += ["user may not be set"] if any(options.user for options in chosen) else []
        data += ["role may not be set"] if any(options.role for options in chosen) else []
        return Finding("seLinuxOptions", f"{told} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}")

    return control


def proc_mount(subject: Subject) -> Finding | None:
    def mount(container: AnyContainer) -> str:
        return container.security_context.proc_mount or "Default"

    names = subject.those(lambda container: mount(container) != "Default")
    if not names:
        return None
    kinds = sorted({mount(container) for container in subject.containers} - {"Default"})
    return Finding("procMount", f"{called(names)} must not set securityContext.procMount to {quoted(kinds)}")


def base_seccomp(subject: Subject) -> Finding | None:
    def kind(context: AnyContext) -> str:
        """The type of the profile that is set; a sound one for none."""
        return context.seccomp_profile.type if context.HasField("seccomp_profile") else _SOUND_PROFILES[0]

    kinds = sorted({kind(context) for context in subject.contexts} - set(_SOUND_PROFILES))
    names = subject.those(lambda container: kind(container.security_context) in kinds)
    told = setters(kind(subject.spec.security_context) in kinds, names)
    text = f"{told} must not set securityContext.seccompProfile.type to {quoted(kinds)}"
    return Finding("seccompProfile", text) if told else None


def sysctls(allowed: frozenset[str]) -> Control:
    def control(subject: Subject) -> Finding | None:
        names = [sysctl.name for sysctl in subject.spec.security_context.sysctls if sysctl.name not in allowed]
        return Finding("forbidden sysctls", ", ".join(names)) if names else None

    return control


def probe_hosts(subject: Subject) -> Finding | None:
    names = subject.those(lambda container: any(_hosts(container)))
    if not names:
        return None
    hosts = sorted({host for container in subject.containers for host in _hosts(container)})
    uses = "uses" if len(names) == 1 else "use"
    text = f"{called(sorted(names))} {uses} {plural('probe or lifecycle host', len(hosts))} {quoted(hosts)}"
    return Finding("probe or lifecycle host", text)


def _hosts(container: AnyContainer) -> Iterator[str]:
    probes = (container.liveness_probe.handler, container.readiness_probe.handler, container.startup_probe.handler)
    hooks = (container.lifecycle.post_start, container.lifecycle.pre_stop)
    for action in (*probes, *hooks):
        yield from filter(None, (action.http_get.host, action.tcp_socket.host))
