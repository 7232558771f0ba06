"""Quotas hold, whoever writes and however many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.writes import create_write
from protos.v1 import core_pb2 as core
from tests.support.builders import fill, make_config_map, make_meta, make_pod, make_service
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running_api


def make_quota(hard: Mapping[str, str], *, name: str = "quota", scopes: tuple[str, ...] = ()) -> core.ResourceQuota:
    quota = core.ResourceQuota(metadata=make_meta(name), spec=core.ResourceQuotaSpec(scopes=scopes))
    fill(quota.spec.hard, hard)
    return quota


async def used(client: Client, name: str = "quota") -> dict[str, str]:
    quota = await client.get(registry.RESOURCE_QUOTAS, name, "default")
    return {name: amount.string for name, amount in quota.status.used.items()}


async def test_fifty_creators_at_two_servers_get_exactly_the_ten_places(api: RunningApi, etcd: RealEtcd) -> None:
    async with running_api(etcd) as second, api.client() as one, second.client() as other:
        await one.create(make_quota({"pods": "10", "requests.cpu": "100"}))

        reasons: set[str] = set()

        async def attempt(number: int) -> bool:
            client = one if number % 2 else other
            try:
                await client.create(make_pod(f"pod-{number}", requests={"cpu": "100m"}))
            except errors.Forbidden as refusal:
                reasons.add(str(refusal).partition("is forbidden: ")[2])
                return False
            return True

        made = await asyncio.gather(*(attempt(number) for number in range(50)))
        assert made.count(True) == 10
        assert reasons == {"exceeded quota: quota, requested: pods=1, used: pods=10, limited: pods=10"}
        assert len((await one.list(registry.PODS, "default")).items) == 10
        assert await used(one) == {"pods": "10", "requests.cpu": "1"}


async def test_a_server_that_has_not_seen_a_quota_yet_keeps_it_nonetheless(api: RunningApi, etcd: RealEtcd) -> None:
    """Whatever comes in while the quota does came before it, or not at all."""
    async with running_api(etcd) as second, api.client() as one, second.client() as other:

        async def attempt(name: str) -> int:
            """The version at which it came in; 0 if it did not."""
            try:
                return int((await other.create(make_config_map(name))).metadata.resource_version)
            except errors.Forbidden:
                return 0

        for turn in range(10):
            attempts = [attempt(f"late-{turn}-{number}") for number in range(30)]
            quota, *came = await asyncio.gather(
                one.create(make_quota({"count/configmaps": "0"}, name=f"quota-{turn}")), *attempts
            )
            assert max(came) < int(quota.metadata.resource_version)
            await one.delete(registry.RESOURCE_QUOTAS, quota.metadata.name, "default")


async def test_places_that_are_given_up_can_be_taken_at_once(client: Client) -> None:
    await client.create(make_quota({"pods": "1"}))
    for number in range(3):
        await client.create(make_pod(f"pod-{number}"))
        with pytest.raises(
            errors.Forbidden, match="exceeded quota: quota, requested: pods=1, used: pods=1, limited: pods=1"
        ):
            await client.create(make_pod("one-too-many"))
        await client.delete(registry.PODS, f"pod-{number}", "default")


async def test_a_pod_that_has_ended_takes_no_place(client: Client) -> None:
    await client.create(make_quota({"pods": "1", "count/pods": "2"}))
    pod = await client.create(make_pod("first"))
    pod.status.phase = "Succeeded"
    await client.update_status(pod)
    await client.create(make_pod("second"))
    with pytest.raises(errors.Forbidden, match="exceeded quota: quota, requested: count/pods=1,pods=1"):
        await client.create(make_pod("third"))


async def test_containers_must_say_what_a_quota_bounds(client: Client) -> None:
    await client.create(make_quota({"limits.cpu": "4", "requests.memory": "4Gi"}))
    with pytest.raises(
        errors.Forbidden,
        match=r'pods "a" is forbidden: failed quota: quota: must specify limits.cpu for: web; requests.memory for: web',
    ):
        await client.create(make_pod("a"))


async def test_a_refused_batch_item_leaves_the_others(client: Client) -> None:
    await client.create(make_quota({"configmaps": "3"}))
    outcomes = await client.batch([create_write(make_config_map(f"c{number}")) for number in range(5)])
    refused = [outcome for outcome in outcomes if isinstance(outcome, errors.Forbidden)]
    assert len(refused) == 2
    assert await used(client) == {"configmaps": "3"}


async def test_an_update_that_uses_more_is_counted(client: Client) -> None:
    await client.create(make_quota({"services.nodeports": "1", "services": "2"}))
    service = await client.create(make_service("web", cluster_ip=""))
    service.spec.type = "NodePort"
    service = await client.update(service)
    assert await used(client) == {"services.nodeports": "1", "services": "1"}
    other = await client.create(make_service("other", cluster_ip=""))
    other.spec.type = "NodePort"
    with pytest.raises(errors.Forbidden, match=r"requested: services.nodeports=1, used: services.nodeports=1"):
        await client.update(other)


async def test_a_dry_run_is_refused_too_and_takes_nothing(client: Client) -> None:
    await client.create(make_quota({"configmaps": "1"}))
    await client.create(make_config_map("a"), dry_run=True)
    await client.create(make_config_map("a"))
    with pytest.raises(errors.Forbidden, match="exceeded quota"):
        await client.create(make_config_map("b"), dry_run=True)


async def test_a_quota_counts_only_its_scopes(client: Client) -> None:
    await client.create(make_quota({"pods": "0"}, scopes=("BestEffort",)))
    await client.create(make_pod("sized", requests={"cpu": "1"}))
    with pytest.raises(errors.Forbidden, match="exceeded quota"):
        await client.create(make_pod("unsized"))


async def test_every_quota_of_a_namespace_holds(client: Client) -> None:
    await client.create(make_quota({"pods": "5"}, name="wide"))
    await client.create(make_quota({"pods": "1"}, name="narrow"))
    await client.create(make_pod("a"))
    with pytest.raises(errors.Forbidden, match="exceeded quota: narrow"):
        await client.create(make_pod("b"))
    assert await used(client, "wide") == {"pods": "1"}


async def test_a_reported_status_is_counted_by_the_server(client: Client) -> None:
    quota = await client.create(make_quota({"configmaps": "2"}))
    await client.create(make_config_map("a"))
    quota = await client.get(registry.RESOURCE_QUOTAS, "quota", "default")
    fill(quota.status.used, {"configmaps": "0"})
    written = await client.update_status(quota)
    assert written.status.used["configmaps"].string == "1"
    assert written.status.hard["configmaps"].string == "2"
