"""Rules for security contexts, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems

RANGE = "must be between 0 and 2147483647, inclusive"
PROFILES = '"Localhost", "RuntimeDefault", "Unconfined"'
AT = "securityContext."


def own(security: dict[str, Any], **fields: Any) -> list[str]:
    found = problems(PODS, {"spec": pod_spec(container(securityContext=security), **fields)})
    return [problem.removeprefix("spec.containers[0].").removeprefix(AT) for problem in found]


def above(security: dict[str, Any], **fields: Any) -> list[str]:
    found = problems(PODS, {"spec": pod_spec(securityContext=security, **fields)})
    return [problem.removeprefix("spec.").removeprefix(AT) for problem in found]


@pytest.mark.parametrize(
    ("security", "found"),
    [
        ({"runAsUser": 2147483647, "runAsGroup": 0, "procMount": "Default", "capabilities": {"add": ["NET_ADMIN"]}}, []),
        ({"seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/audit.json"}}, []),
        ({"appArmorProfile": {"type": "Localhost", "localhostProfile": "mine"}}, []),
        ({"runAsUser": -1}, [f"runAsUser: Invalid value: -1: {RANGE}"]),
        ({"runAsGroup": 2147483648}, [f"runAsGroup: Invalid value: 2147483648: {RANGE}"]),
        ({"procMount": "All"}, ['procMount: Unsupported value: "All": supported values: "Default", "Unmasked"']),
        ({"procMount": "Unmasked"},
         ['procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`']),
        ({"seccompProfile": {"type": "Mine"}},
         [f'seccompProfile.type: Unsupported value: "Mine": supported values: {PROFILES}']),
        ({"seccompProfile": {"type": "Localhost"}},
         ["seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"]),
        ({"seccompProfile": {"type": "Localhost", "localhostProfile": "../x"}},
         ['seccompProfile.localhostProfile: Invalid value: "../x": must be a relative path that does not lead out of the '
          "profiles' directory"]),
        ({"seccompProfile": {"type": "Unconfined", "localhostProfile": "x"}},
         ['seccompProfile.localhostProfile: Invalid value: "x": can only be set when seccomp type is Localhost']),
        ({"appArmorProfile": {"type": "Localhost"}},
         ["appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost"]),
        ({"appArmorProfile": {"type": "Localhost", "localhostProfile": " x"}},
         ['appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace']),
        ({"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": "x"}},
         ['appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost']),
        ({"windowsOptions": {"hostProcess": True}},
         ["windowsOptions.runAsUserName: Required value: must be set when hostProcess is true"]),
    ],
)  # fmt: skip
def test_what_a_container_may_be(security: dict[str, Any], found: list[str]) -> None:
    assert own(security) == found


def test_proc_is_unmasked_in_a_user_namespace_of_its_own_alone() -> None:
    assert own({"procMount": "Unmasked"}, hostUsers=False) == []


@pytest.mark.parametrize(
    ("security", "found"),
    [
        ({"fsGroup": 1, "supplementalGroups": [0, 5], "fsGroupChangePolicy": "OnRootMismatch",
          "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}, {"name": "kernel/shm_rmid_forced", "value": "1"}]},
         []),
        ({"fsGroup": -1}, [f"fsGroup: Invalid value: -1: {RANGE}"]),
        ({"supplementalGroups": [1, -1]}, [f"supplementalGroups[1]: Invalid value: -1: {RANGE}"]),
        ({"fsGroupChangePolicy": "Never"},
         ['fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"']),
        ({"supplementalGroupsPolicy": "x"},
         ['supplementalGroupsPolicy: Unsupported value: "x": supported values: "Merge", "Strict"']),
        ({"seLinuxChangePolicy": "x"},
         ['seLinuxChangePolicy: Unsupported value: "x": supported values: "MountOption", "Recursive"']),
        ({"sysctls": [{"value": "1"}]}, ["sysctls[0].name: Required value"]),
        ({"sysctls": [{"name": "a.b"}, {"name": "a/b"}]}, ['sysctls[1].name: Duplicate value: "a/b"']),
    ],
)  # fmt: skip
def test_what_a_pod_may_be(security: dict[str, Any], found: list[str]) -> None:
    assert above(security) == found


def test_a_pod_sets_no_kernel_settings_of_its_node() -> None:
    settings = {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}, {"name": "kernel.msgmax", "value": "1"}]}
    assert above(settings, hostNetwork=True, hostIPC=True) == [
        "sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is set to true",
        "sysctls[1].name: Invalid value: \"kernel.msgmax\": may not be specified when 'hostIPC' is set to true",
    ]
    (problem,) = above({"sysctls": [{"name": "A B", "value": "1"}]})
    assert problem.startswith('sysctls[0].name: Invalid value: "A B": must have at most 253 characters and match regex ')
