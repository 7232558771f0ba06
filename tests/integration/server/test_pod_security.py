"""Namespaces ask for pod security levels, and get them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.server.users import MASTERS, Caller, User
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_deployment, make_namespace, make_pod
from tests.support.server import RunningApi

LEVEL = "pod-security.kubernetes.io/"
LACKING = (
    'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)


def make_home(name: str = "home", **levels: str) -> core.Namespace:
    namespace = make_namespace(name)
    for mode, level in levels.items():
        namespace.metadata.labels[LEVEL + mode] = level
    return namespace


def make_secure_pod(name: str) -> core.Pod:
    pod = make_pod(name, "home")
    pod.spec.security_context.run_as_non_root = True
    pod.spec.security_context.run_as_user = 1000
    pod.spec.security_context.seccomp_profile.type = "RuntimeDefault"
    context = pod.spec.containers[0].security_context
    context.allow_privilege_escalation = False
    context.capabilities.drop.append("ALL")
    return pod


async def warnings_of(api: RunningApi, obj: Any) -> list[str]:
    """What the one who creates the object, or replaces it if there is one, is told beside the answer."""
    caller = Caller(User("admin", frozenset({MASTERS})))
    box = registry.wrap(obj)
    if obj.metadata.resource_version:
        await api.server.verbs.update(caller, wire.UpdateRequest(object=box))
    else:
        await api.server.verbs.create(caller, wire.CreateRequest(object=box))
    return caller.warnings


async def test_a_pod_below_the_enforced_level_is_refused(client: Client) -> None:
    await client.create(make_home(enforce="restricted"))
    with pytest.raises(errors.Forbidden) as refused:
        await client.create(make_pod("a", "home"))
    assert str(refused.value) == f'pods "a" is forbidden: violates PodSecurity "restricted:latest": {LACKING}'
    await client.create(make_secure_pod("b"))


async def test_pods_and_patterns_for_pods_below_the_warning_level_come_with_a_warning(
    api: RunningApi, client: Client
) -> None:  # fmt: skip
    await client.create(make_home(warn="restricted"))
    fresh = make_pod("a", "home")
    fresh.metadata.resource_version = ""
    assert await warnings_of(api, fresh) == [f'would violate PodSecurity "restricted:latest": {LACKING}']
    deployment = make_deployment("web", "home")
    deployment.metadata.resource_version = ""
    deployment.spec.template.spec.containers[0].name = "web"
    assert await warnings_of(api, deployment) == [f'would violate PodSecurity "restricted:latest": {LACKING}']


async def test_workloads_are_not_refused_for_their_pods(client: Client) -> None:
    await client.create(make_home(enforce="restricted"))
    await client.create(make_deployment("web", "home"))


async def test_a_stricter_level_names_the_pods_that_are_below_it(api: RunningApi, client: Client) -> None:
    home = await client.create(make_home())
    for name in ("a", "b", "c"):
        await client.create(make_pod(name, "home"))
    home.metadata.labels[LEVEL + "enforce"] = "restricted"
    assert await warnings_of(api, home) == [
        'existing pods in namespace "home" violate the new PodSecurity enforce level "restricted:latest"',
        "a (and 2 other pods): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, "
        "seccompProfile",
    ]


async def test_labels_that_nobody_can_read_are_refused(client: Client) -> None:
    with pytest.raises(errors.Invalid, match="must be one of privileged, baseline, restricted"):
        await client.create(make_home(enforce="tight"))


async def test_what_runs_already_may_still_report_and_be_labelled(client: Client) -> None:
    home = await client.create(make_home())
    pod = await client.create(make_pod("a", "home"))
    home.metadata.labels[LEVEL + "enforce"] = "restricted"
    await client.update(home)
    pod.status.phase = "Running"
    pod = await client.update_status(pod)
    pod.metadata.labels["new"] = "yes"
    pod = await client.update(pod)
    pod.spec.containers[0].image = "nginx:2"
    with pytest.raises(errors.Forbidden, match="violates PodSecurity"):
        await client.update(pod)
