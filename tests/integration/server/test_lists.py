"""Lists: which state a page shows, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc.aio
import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.failures import to_status_error
from controlplane.store.etcd.client import Etcd
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_config_map
from tests.support.server import RunningApi, running_api

KIND = registry.CONFIG_MAPS


def config(name: str, namespace: str = "default", *, labels: Mapping[str, str] | None = None) -> core.ConfigMap:
    obj = make_config_map(name, namespace)
    obj.metadata.labels.update(labels or {})
    return obj


async def ask(client: Client, **options: object) -> wire.ListResponse:
    request = wire.ListRequest(resource="configmaps", namespace="default")
    for name, value in options.items():
        setattr(request, name, value)
    try:
        answer: wire.ListResponse = await client._resources.List(request)
    except grpc.aio.AioRpcError as error:
        raise to_status_error(error, "the test's server") from error
    return answer


def names(answer: wire.ListResponse) -> list[str]:
    return [item.config_map.metadata.name for item in answer.items]


async def fill(client: Client, count: int) -> Sequence[str]:
    for number in range(count):
        await client.create(config(f"c-{number}"))
    return [f"c-{number}" for number in range(count)]


async def compact(api: RunningApi) -> None:
    etcd = Etcd(api.etcd.endpoint)
    await etcd.compact(await etcd.revision())
    await etcd.close()


async def test_all_pages_show_one_state_and_say_how_many_follow(client: Client) -> None:
    await fill(client, 7)
    first = await ask(client, limit=3)
    await client.delete(KIND, "c-5", "default")
    await client.create(config("c-33"))
    second = await ask(client, limit=3, continue_token=first.metadata.continue_token)
    third = await ask(client, limit=3, continue_token=second.metadata.continue_token)
    assert names(first) + names(second) + names(third) == [f"c-{number}" for number in range(7)]
    assert [page.metadata.remaining_item_count for page in (first, second)] == [4, 1]
    assert not third.metadata.HasField("remaining_item_count")
    assert not third.metadata.continue_token
    assert len({page.metadata.resource_version for page in (first, second, third)}) == 1


async def test_another_server_goes_on_with_a_list(api: RunningApi, client: Client) -> None:
    """What a token needs is in the token: the server that gave it out may be gone."""
    await fill(client, 5)
    first = await ask(client, limit=2)
    await client.delete(KIND, "c-4", "default")
    async with running_api(api.etcd) as other, other.client() as elsewhere:
        second = await ask(elsewhere, limit=2, continue_token=first.metadata.continue_token)
        third = await ask(elsewhere, limit=2, continue_token=second.metadata.continue_token)
    assert names(second) + names(third) == ["c-2", "c-3", "c-4"]
    assert second.metadata.remaining_item_count == 1


async def test_with_a_selector_nobody_says_how_many_follow(client: Client) -> None:
    for number in range(6):
        labels = {"half": str(number % 2)}
        await client.create(config(f"c-{number}", labels=labels))
    first = await ask(client, limit=2, label_selector="half=1")
    assert not first.metadata.HasField("remaining_item_count")
    second = await ask(client, limit=2, label_selector="half=1", continue_token=first.metadata.continue_token)
    assert names(first) + names(second) == ["c-1", "c-3", "c-5"]


async def test_an_exact_list_shows_the_state_of_its_version(client: Client) -> None:
    known = await fill(client, 4)
    then = (await ask(client)).metadata.resource_version
    await client.delete(KIND, "c-0", "default")
    await client.create(config("later"))
    exact = await ask(client, resource_version=then, resource_version_match="Exact")
    assert names(exact) == known
    assert exact.metadata.resource_version == then
    paged = await ask(client, resource_version=then, resource_version_match="Exact", limit=3)
    assert (names(paged), paged.metadata.remaining_item_count) == (known[:3], 1)
    rest = await ask(client, limit=3, continue_token=paged.metadata.continue_token)
    assert names(rest) == known[3:]
    newer = await ask(client, resource_version=then, resource_version_match="NotOlderThan")
    assert names(newer) == [*known[1:], "later"]


async def test_a_version_with_a_limit_and_no_word_on_it_is_exact(client: Client) -> None:
    """As in Kubernetes' table of what the parameters mean together."""
    known = await fill(client, 3)
    then = (await ask(client)).metadata.resource_version
    await client.delete(KIND, "c-0", "default")
    assert names(await ask(client, resource_version=then, limit=9)) == known
    assert names(await ask(client, resource_version=then)) == known[1:]
    assert names(await ask(client, resource_version="0", limit=9)) == known[1:]


async def test_the_client_pages_through_a_list_that_is_not_older_than_a_version(client: Client) -> None:
    known = await fill(client, 5)
    then = (await ask(client)).metadata.resource_version
    await client.delete(KIND, "c-0", "default")
    for version in (then, "0"):
        listed = await client.list(KIND, "default", resource_version=version, page=2)
        assert [obj.metadata.name for obj in listed.items] == known[1:]


async def test_an_exact_list_of_a_compacted_version_has_expired(api: RunningApi, client: Client) -> None:
    await fill(client, 2)
    then = (await ask(client)).metadata.resource_version
    await client.delete(KIND, "c-0", "default")
    await client.create(config("later"))
    await compact(api)
    with pytest.raises(errors.Expired, match="too old resource version"):
        await ask(client, resource_version=then, resource_version_match="Exact")


async def test_a_list_that_has_begun_goes_on_when_its_version_is_compacted(api: RunningApi, client: Client) -> None:
    known = await fill(client, 4)
    first = await ask(client, limit=2)
    await client.delete(KIND, "c-3", "default")
    await compact(api)
    assert names(await ask(client, limit=2, continue_token=first.metadata.continue_token)) == known[2:]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"resource_version_match": "Exact"}, "forbidden unless resourceVersion is provided"),
        ({"resource_version_match": "Exact", "resource_version": "0"}, 'forbidden for resourceVersion "0"'),
        ({"resource_version_match": "Newest", "resource_version": "5"}, 'Unsupported value: "Newest"'),
        ({"resource_version_match": "Exact", "continue_token": "x"}, "forbidden for continue"),
        ({"resource_version": "5", "continue_token": "x"}, "not allowed when using continue"),
        ({"continue_token": "x"}, "the continue token is not one of this server's"),
        ({"limit": -1}, "negative"),
    ],
)
async def test_options_that_contradict_each_other_are_refused(
    client: Client, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(errors.BadRequest, match=problem):
        await ask(client, **options)
