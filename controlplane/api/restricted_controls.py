"""The controls of the Pod Security Standards, level restricted, beside those of baseline. Pure.
(https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted)
"""

from __future__ import annotations

from controlplane.api.pod_controls import (
    AnyContainer,
    AnyContext,
    Finding,
    Subject,
    added_beyond,
    base_seccomp,
    called,
    plural,
    quoted,
    setters,
)

_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
_SOUND_VOLUMES = frozenset(
    ("config_map", "csi", "downward_api", "empty_dir", "ephemeral", "persistent_volume_claim", "projected", "secret")
)


def privilege_escalation(subject: Subject) -> Finding | None:
    def may_escalate(container: AnyContainer) -> bool:
        context = container.security_context
        return not context.HasField("allow_privilege_escalation") or context.allow_privilege_escalation

    names = [] if subject.is_windows else subject.those(may_escalate)
    text = f"{called(names)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", text) if names else None


def capabilities(subject: Subject) -> Finding | None:
    if subject.is_windows:
        return None
    names = subject.those(lambda container: "ALL" not in container.security_context.capabilities.drop)
    undropped = f'{called(names)} must set securityContext.capabilities.drop=["ALL"]' if names else ""
    told = [text for text in (undropped, added_beyond(subject, _CAPABILITIES)) if text]
    return Finding("unrestricted capabilities", "; ".join(told)) if told else None


def volumes(subject: Subject) -> Finding | None:
    found: dict[str, str] = {}
    for volume in subject.spec.volumes:
        for field, _ in volume.volume_source.ListFields():
            if field.name not in _SOUND_VOLUMES:
                found[volume.name] = field.json_name
    if not found:
        return None
    kinds = sorted(set(found.values()))
    names = f"{plural('volume', len(found))} {quoted(found)} {'uses' if len(found) == 1 else 'use'}"
    return Finding("restricted volume types", f"{names} restricted volume {plural('type', len(kinds))} {quoted(kinds)}")


def non_root(subject: Subject) -> Finding | None:
    context = subject.spec.security_context

    def denies(one: AnyContext) -> bool:
        return one.HasField("run_as_non_root") and not one.run_as_non_root

    told = setters(denies(context), subject.those(lambda container: denies(container.security_context)))
    if told:
        return Finding("runAsNonRoot != true", f"{told} must not set securityContext.runAsNonRoot=false")
    silent = subject.those(lambda container: not container.security_context.HasField("run_as_non_root"))
    if context.run_as_non_root or not silent:
        return None
    return Finding("runAsNonRoot != true", f"pod or {called(silent)} must set securityContext.runAsNonRoot=true")


def root_user(subject: Subject) -> Finding | None:
    def root(one: AnyContext) -> bool:
        return one.HasField("run_as_user") and one.run_as_user == 0

    told = setters(root(subject.spec.security_context), subject.those(lambda one: root(one.security_context)))
    return Finding("runAsUser=0", f"{told} must not set runAsUser=0") if told else None


def seccomp(subject: Subject) -> Finding | None:
    if subject.is_windows:
        return None
    unsound = base_seccomp(subject)
    if unsound is not None or subject.spec.security_context.HasField("seccomp_profile"):
        return unsound
    names = subject.those(lambda container: not container.security_context.HasField("seccomp_profile"))
    text = f'pod or {called(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Finding("seccompProfile", text) if names else None
