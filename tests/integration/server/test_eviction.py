"""Evictions keep to disruption budgets, however many come at once."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.api import errors, objects, registry
from controlplane.client.client import Client
from controlplane.client.writes import delete_options
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from protos.v1 import policy_pb2 as policy
from tests.support.builders import int_or_string, make_meta, make_pod, set_ready
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running_api

BUDGETS = registry.POD_DISRUPTION_BUDGETS


async def make_running(client: Client, name: str, *, ready: bool = True) -> core.Pod:
    pod = await client.bind(await client.create(make_pod(name, labels={"app": "web"})), "node-1")
    set_ready(pod, ready)
    return await client.update_status(pod)


async def make_budget(
    client: Client, name: str = "web", *, allowed: int, healthy: int = 3, desired: int = 2, unhealthy: str = ""
) -> policy.PodDisruptionBudget:
    budget = policy.PodDisruptionBudget(metadata=make_meta(name))
    budget.spec.selector.match_labels["app"] = "web"
    budget.spec.min_available.CopyFrom(int_or_string(desired))
    if unhealthy:
        budget.spec.unhealthy_pod_eviction_policy = unhealthy
    made = await client.create(budget)
    made.status.observed_generation = made.metadata.generation
    made.status.disruptions_allowed, made.status.current_healthy, made.status.desired_healthy = allowed, healthy, desired
    made.status.expected_pods = healthy
    return await client.update_status(made)


async def is_going(client: Client, name: str) -> bool:
    try:
        return objects.is_terminating(await client.get(registry.PODS, name, "default"))
    except errors.NotFound:
        return True


async def test_an_eviction_takes_one_allowed_disruption(client: Client) -> None:
    pod = await make_running(client, "a")
    await make_budget(client, allowed=1)
    await client.evict(pod)
    gone = await client.get(registry.PODS, "a", "default")
    assert objects.is_terminating(gone)
    condition = objects.find_condition(gone.status.conditions, "DisruptionTarget")
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", "EvictionByEvictionAPI")
    budget = await client.get(BUDGETS, "web", "default")
    assert budget.status.disruptions_allowed == 0
    assert list(budget.status.disrupted_pods) == ["a"]
    allowed = objects.find_condition(budget.status.conditions, "DisruptionAllowed")
    assert allowed is not None
    assert (allowed.status, allowed.reason) == ("False", "InsufficientPods")


async def test_a_budget_that_is_used_up_refuses(client: Client) -> None:
    pod = await make_running(client, "a")
    await make_budget(client, allowed=0, healthy=2, desired=2)
    with pytest.raises(errors.TooManyRequests) as refused:
        await client.evict(pod)
    assert str(refused.value) == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = refused.value.problems
    assert cause.reason == "DisruptionBudget"
    assert cause.message == "The disruption budget web needs 2 healthy pods and has 2 currently"
    assert not await is_going(client, "a")


async def test_a_budget_that_was_changed_refuses_until_it_is_counted_anew(client: Client) -> None:
    pod = await make_running(client, "a")
    budget = await make_budget(client, allowed=5)
    budget.spec.min_available.CopyFrom(int_or_string(1))
    await client.update(budget)
    with pytest.raises(errors.TooManyRequests) as refused:
        await client.evict(pod)
    assert refused.value.problems[0].message == "The disruption budget web is still being processed by the server."
    assert refused.value.retry_after_seconds == 10


async def test_many_evictors_at_two_servers_never_exceed_the_budget(api: RunningApi, etcd: RealEtcd) -> None:
    async with running_api(etcd) as second, api.client() as one, second.client() as other:
        pods = [await make_running(one, f"pod-{number}") for number in range(12)]
        await make_budget(one, allowed=3, healthy=12, desired=9)

        async def attempt(number: int, pod: core.Pod) -> bool:
            try:
                await (one if number % 2 else other).evict(pod)
            except errors.TooManyRequests:
                return False
            return True

        done = await asyncio.gather(*(attempt(number, pod) for number, pod in enumerate(pods)))
        assert done.count(True) == 3
        going = [await is_going(one, pod.metadata.name) for pod in pods]
        assert going == list(done)
        budget = await one.get(BUDGETS, "web", "default")
        assert budget.status.disruptions_allowed == 0
        assert len(budget.status.disrupted_pods) == 3


async def test_pods_that_do_not_serve_yet_or_no_more_may_go(client: Client) -> None:
    await make_budget(client, allowed=0)
    waiting = await client.create(make_pod("waiting", labels={"app": "web"}))
    ended = await make_running(client, "ended")
    ended.status.phase = "Failed"
    ended = await client.update_status(ended)
    for pod in (waiting, ended):
        await client.evict(pod)
        assert await is_going(client, pod.metadata.name)


@pytest.mark.parametrize(
    ("unhealthy", "healthy", "goes"),
    [("", 2, True), ("", 1, False), ("IfHealthyBudget", 1, False), ("AlwaysAllow", 0, True)],
)
async def test_an_unhealthy_pod_costs_the_budget_nothing_when_it_may_go(
    client: Client, unhealthy: str, healthy: int, goes: bool
) -> None:
    pod = await make_running(client, "a", ready=False)
    await make_budget(client, allowed=0, healthy=healthy, desired=2, unhealthy=unhealthy)
    if goes:
        await client.evict(pod)
    else:
        with pytest.raises(errors.TooManyRequests):
            await client.evict(pod)
    assert await is_going(client, "a") is goes
    assert not (await client.get(BUDGETS, "web", "default")).status.disrupted_pods


async def test_two_budgets_for_one_pod_are_not_supported(client: Client) -> None:
    pod = await make_running(client, "a")
    await make_budget(client, "one", allowed=1)
    await make_budget(client, "two", allowed=1)
    with pytest.raises(errors.StatusError, match="more than one PodDisruptionBudget") as refused:
        await client.evict(pod)
    assert refused.value.code == 500


async def test_a_dry_run_takes_nothing_but_is_refused_too(client: Client) -> None:
    pod = await make_running(client, "a")
    budget = await make_budget(client, allowed=1)
    await client.evict(pod, dry_run=True)
    assert not await is_going(client, "a")
    assert await client.get(BUDGETS, "web", "default") == budget
    budget.status.disruptions_allowed = 0
    await client.update_status(budget)
    with pytest.raises(errors.TooManyRequests):
        await client.evict(pod, dry_run=True)


async def test_preconditions_and_grace_are_kept(client: Client) -> None:
    pod = await make_running(client, "a")
    with pytest.raises(errors.Conflict):
        await client.evict(pod, options=delete_options(uid="another"))
    await client.evict(pod, options=delete_options(uid=pod.metadata.uid, grace_seconds=7))
    assert (await client.get(registry.PODS, "a", "default")).metadata.deletion_grace_period_seconds == 7


async def test_without_a_budget_it_is_a_delete(client: Client) -> None:
    await client.evict(await make_running(client, "a"), options=delete_options(grace_seconds=0))
    with pytest.raises(errors.NotFound):
        await client.get(registry.PODS, "a", "default")
    with pytest.raises(errors.NotFound, match='pods "a" not found'):
        await client.evict(make_pod("a"))


async def test_a_stranger_evicts_nobody(api: RunningApi, client: Client) -> None:
    pod = await make_running(client, "a")
    async with api.client(Identity("stranger", (users.NODES,))) as stranger:
        with pytest.raises(errors.Forbidden, match='cannot create resource "pods/eviction"'):
            await stranger.evict(pod)
