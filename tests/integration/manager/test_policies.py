"""Quotas, budgets, accounts and the cluster's authority, kept by the controllers on a real API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from controlplane.api import errors, objects, registry
from controlplane.client.client import Client
from controlplane.client.writes import delete_options
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from protos.v1 import policy_pb2 as policy
from tests.support.builders import (
    fill,
    int_or_string,
    make_config_map,
    make_meta,
    make_namespace,
    make_node,
    make_pod,
    make_replica_set,
    set_ready,
)
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

AUTHORITY = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"


@pytest.fixture
async def managed(api: RunningApi, client: Client) -> AsyncIterator[Client]:
    options = ManagerOptions(root_ca=AUTHORITY)
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as manager,
        running(run_manager(manager, options), "manager"),
    ):
        yield client


async def used(client: Client) -> dict[str, str]:
    quota = await client.get(registry.RESOURCE_QUOTAS, "quota", "default")
    return {name: amount.string for name, amount in quota.status.used.items()}


async def make_quota(client: Client, hard: dict[str, str]) -> None:
    quota = core.ResourceQuota(metadata=make_meta("quota"))
    fill(quota.spec.hard, hard)
    await client.create(quota)


async def test_a_quota_tells_what_is_used_of_it_from_the_start(managed: Client) -> None:
    await managed.create(make_config_map("mine"))
    await make_quota(managed, {"configmaps": "5", "pods": "3"})

    async def told() -> bool:
        return await used(managed) == {"configmaps": "2", "pods": "0"}  # the authority's is one of them

    await eventually(told)


async def test_what_is_used_falls_when_pods_go_or_end(managed: Client) -> None:
    await make_quota(managed, {"pods": "5", "requests.cpu": "2"})
    pods = [await managed.create(make_pod(f"pod-{number}", requests={"cpu": "250m"})) for number in range(4)]
    assert await used(managed) == {"pods": "4", "requests.cpu": "1"}
    pods[0].status.phase = "Succeeded"
    await managed.update_status(pods[0])
    await managed.delete(registry.PODS, "pod-1", "default", options=delete_options(grace_seconds=0))

    async def fallen() -> bool:
        return await used(managed) == {"pods": "2", "requests.cpu": "500m"}

    await eventually(fallen)


async def test_a_quota_holds_while_pods_come_and_go(managed: Client) -> None:
    await make_quota(managed, {"pods": "3"})
    most = 0

    async def churn(number: int) -> None:
        nonlocal most
        for turn in range(5):
            try:
                await managed.create(make_pod(f"pod-{number}-{turn}"))
            except errors.Forbidden:
                continue
            most = max(most, len((await managed.list(registry.PODS, "default")).items))
            await managed.delete(registry.PODS, f"pod-{number}-{turn}", "default")

    await asyncio.gather(*(churn(number) for number in range(8)))
    assert 1 <= most <= 3

    async def settled() -> bool:
        return await used(managed) == {"pods": "0"}

    await eventually(settled)


async def test_every_namespace_has_its_account_and_the_authority(managed: Client) -> None:
    await managed.create(make_namespace("new"))

    async def complete() -> bool:
        accounts = (await managed.list(registry.SERVICE_ACCOUNTS, "new")).items
        known = (await managed.list(registry.CONFIG_MAPS, "new")).items
        return [(one.metadata.name, dict(one.data)) for one in known] == [("kube-root-ca.crt", {"ca.crt": AUTHORITY})] and [
            one.metadata.name for one in accounts
        ] == ["default"]

    await eventually(complete)
    await managed.delete(registry.SERVICE_ACCOUNTS, "default", "new")
    spoilt = await managed.get(registry.CONFIG_MAPS, "kube-root-ca.crt", "new")
    spoilt.data["ca.crt"] = "another"
    await managed.update(spoilt)
    await eventually(complete)
    await managed.delete(registry.NAMESPACES, "new")

    async def gone() -> bool:
        try:
            await managed.get(registry.NAMESPACES, "new")
        except errors.NotFound:
            return True
        return False

    await eventually(gone)


async def test_a_budget_lets_as_many_go_as_can_be_spared(managed: Client) -> None:
    await managed.create(make_node("node-1"))
    await managed.create(make_replica_set("web", replicas=3, labels={"app": "web"}))
    budget = policy.PodDisruptionBudget(metadata=make_meta("web"))
    budget.spec.selector.match_labels["app"] = "web"
    budget.spec.max_unavailable.CopyFrom(int_or_string(1))
    await managed.create(budget)

    async def three_pods() -> list[core.Pod]:
        found = (await managed.list(registry.PODS, "default", labels="app=web")).items
        assert len([pod for pod in found if not objects.is_terminating(pod)]) == 3
        return [pod for pod in found if not objects.is_terminating(pod)]

    for pod in await eventually(three_pods):
        bound = await managed.bind(pod, "node-1")
        set_ready(bound)
        await managed.update_status(bound)

    async def allowed(expected: int) -> bool:
        status = (await managed.get(registry.POD_DISRUPTION_BUDGETS, "web", "default")).status
        return (status.disruptions_allowed, status.expected_pods, status.desired_healthy) == (expected, 3, 2)

    await eventually(lambda: allowed(1))
    first, second, _ = await three_pods()
    await managed.evict(first)
    with pytest.raises(errors.TooManyRequests):
        await managed.evict(second)
    await eventually(lambda: allowed(0))
    for pod in await eventually(three_pods):
        if not pod.spec.node_name:
            bound = await managed.bind(pod, "node-1")
            set_ready(bound)
            await managed.update_status(bound)
    await eventually(lambda: allowed(1))
    await managed.evict(second)
