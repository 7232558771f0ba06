"""The Pod Security Standards, control by control."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api import pod_security, registry
from controlplane.api.codec import from_dict
from controlplane.api.pod_security import BASELINE, RESTRICTED, Standard, subject_of
from protos.v1 import core_pb2 as core

SOUND_CONTEXT: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def make(spec: dict[str, Any], annotations: dict[str, str] | None = None) -> core.Pod:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "annotations": annotations or {}},
        "spec": {"containers": [{"name": "a", "image": "x"}], **spec},
    }
    return from_dict(registry.PODS, document)


def told(standard: Standard, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> list[str]:
    subject = subject_of(make(spec, annotations))
    assert subject is not None
    return [str(finding) for finding in pod_security.findings(standard, subject)]


def container(name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "x", **fields}


def context(**fields: Any) -> dict[str, Any]:
    return {"containers": [container(securityContext=fields)]}


BASELINE_CASES = {
    "host namespaces": ({"hostNetwork": True, "hostPID": True}, "host namespaces (hostNetwork=true, hostPID=true)"),
    "privileged": (
        {"containers": [container("a", securityContext={"privileged": True}),
                        container("b", securityContext={"privileged": True})]},
        'privileged (containers "a", "b" must not set securityContext.privileged=true)',
    ),
    "capabilities": (
        context(capabilities={"add": ["NET_ADMIN", "CHOWN", "BPF"]}),
        'non-default capabilities (container "a" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add)',
    ),
    "host paths": ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
    "host ports": (
        {"containers": [container(ports=[{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "hostPort": 81}])]},
        'hostPort (container "a" uses hostPorts 8080, 81)',
    ),
    "AppArmor": (
        context(appArmorProfile={"type": "Unconfined"}),
        'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ),
    "SELinux": (
        {"securityContext": {"seLinuxOptions": {"type": "super_t", "user": "me", "role": "boss"}}},
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "super_t"; user may not be set; '
        "role may not be set)",
    ),
    "proc mount": (
        context(procMount="Unmasked"),
        'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ),
    "seccomp": (
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    "sysctls": (
        {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"},
                                         {"name": "net.ipv4.tcp_rmem", "value": "1"}]}},
        "forbidden sysctls (kernel.msgmax)",
    ),
    "host process": (
        {"securityContext": {"windowsOptions": {"hostProcess": True}}},
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
    "probe hosts": (
        {"containers": [container(livenessProbe={"httpGet": {"port": 80, "host": "example.com"}},
                                  lifecycle={"preStop": {"tcpSocket": {"port": 1, "host": "10.0.0.1"}}})]},
        'probe or lifecycle host (container "a" uses probe or lifecycle hosts "10.0.0.1", "example.com")',
    ),
    "init containers": (
        {"initContainers": [container("first", securityContext={"privileged": True})]},
        'privileged (container "first" must not set securityContext.privileged=true)',
    ),
    "debugging containers": (
        {"ephemeralContainers": [container("debug", securityContext={"privileged": True})]},
        'privileged (container "debug" must not set securityContext.privileged=true)',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BASELINE_CASES)
def test_baseline_forbids(case: str) -> None:
    spec, expected = BASELINE_CASES[case]
    assert told(Standard(BASELINE), spec) == [expected]


def test_an_annotation_chooses_an_app_armor_profile_too() -> None:
    found = told(Standard(BASELINE), {}, {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"})
    assert found == ['forbidden AppArmor profile (container.apparmor.security.beta.kubernetes.io/a="unconfined")']


def test_a_plain_pod_meets_baseline() -> None:
    assert told(Standard(BASELINE), {}) == []


def test_a_plain_pod_lacks_all_that_restricted_asks_for() -> None:
    assert told(Standard(RESTRICTED), {}) == [
        'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
        '"Localhost")',
    ]


RESTRICTED_CASES = {
    "other volumes": (
        {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}, {"name": "h", "hostPath": {"path": "/"}}]},
        'restricted volume types (volumes "v", "h" use restricted volume types "hostPath", "nfs")',
    ),
    "root": ({"securityContext": {"runAsUser": 0}}, "runAsUser=0 (pod must not set runAsUser=0)"),
    "possibly root": (
        {"securityContext": {"runAsNonRoot": False}},
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
    ),
    "host network": ({"hostNetwork": True}, "host namespaces (hostNetwork=true)"),
    "seccomp": (
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
}


@pytest.mark.parametrize("case", RESTRICTED_CASES)
def test_restricted_forbids(case: str) -> None:
    spec, expected = RESTRICTED_CASES[case]
    sound = {"containers": [container(securityContext=SOUND_CONTEXT)]}
    assert told(Standard(RESTRICTED), sound) == []
    assert told(Standard(RESTRICTED), sound | spec) == [expected]


def test_restricted_lets_ports_below_1024_be_bound_and_adds_nothing_else() -> None:
    def with_added(*added: str) -> list[str]:
        return told(Standard(RESTRICTED), context(**SOUND_CONTEXT | {"capabilities": {"drop": ["ALL"], "add": list(added)}}))

    assert with_added("NET_BIND_SERVICE") == []
    (found,) = with_added("CHOWN")
    assert found == (
        'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)'
    )  # fmt: skip


def test_settings_of_the_pod_serve_its_containers() -> None:
    spec = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container(securityContext={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}})],
    }
    assert told(Standard(RESTRICTED), spec) == []


def test_older_versions_ask_for_what_they_knew() -> None:
    reserved = {"securityContext": {"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports", "value": "1"}]}}
    assert told(Standard(BASELINE, 26), reserved) == ["forbidden sysctls (net.ipv4.ip_local_reserved_ports)"]
    assert told(Standard(BASELINE, 27), reserved) == []
    assert not any("runAsUser" in found for found in told(Standard(RESTRICTED, 22), {"securityContext": {"runAsUser": 0}}))
    assert not any("capabilities" in found for found in told(Standard(RESTRICTED, 21), {}))


def test_labels_say_what_is_asked_for() -> None:
    policy = pod_security.policy_of({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.28",
        "pod-security.kubernetes.io/warn": "restricted",
    })  # fmt: skip
    assert (str(policy.enforce), str(policy.warn), str(policy.audit)) == (
        "baseline:v1.28", "restricted:latest", "privileged:latest",
    )  # fmt: skip


def test_labels_that_nobody_can_read_are_told_and_taken_strictly() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "tight", "pod-security.kubernetes.io/warn-version": "1.28"}
    assert pod_security.policy_of(labels).enforce.level == RESTRICTED
    assert [str(problem) for problem in pod_security.label_problems(labels)] == [
        'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "tight": must be one of privileged, baseline, '
        "restricted",
        'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.28": must be "latest" or "v1.x"',
    ]


@pytest.mark.parametrize(
    ("new", "old", "stricter"),
    [
        (Standard(RESTRICTED), Standard(BASELINE), True),
        (Standard(BASELINE), Standard(RESTRICTED), False),
        (Standard(BASELINE, 20), Standard(BASELINE), True),
        (Standard(), Standard(RESTRICTED, 20), False),
        (Standard(BASELINE), Standard(BASELINE), False),
    ],
)
def test_only_a_stricter_standard_needs_a_look_at_the_pods(new: Standard, old: Standard, stricter: bool) -> None:
    assert pod_security.is_stricter(new, old) is stricter
