"""Controllers and the kinds that users define: their end, namespaces' ends, and owners."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controlplane.api import errors, objects, registry
from controlplane.client.client import Client
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from tests.support.builders import make_config_map, make_namespace
from tests.support.custom import cron_tab, custom_object, definition, kind_of
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

DEFINITIONS = registry.CUSTOM_RESOURCE_DEFINITIONS
CRON_TABS = kind_of()
NAME = CRON_TABS.resource


@pytest.fixture
async def manager(api: RunningApi) -> AsyncIterator[None]:
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as manager,
        running(run_manager(manager, ManagerOptions()), "manager"),
    ):
        yield


async def is_gone(client: Client, name: str = NAME) -> bool:
    try:
        await client.get(DEFINITIONS, name)
    except errors.NotFound:
        return True
    return False


@pytest.mark.usefixtures("manager")
async def test_a_deleted_definition_takes_its_objects_along_before_it_goes(client: Client) -> None:
    await client.create(definition())
    await client.create(make_namespace("team"))
    for namespace in ("default", "team"):
        await client.create(custom_object(cron_tab(namespace=namespace)))
    await client.delete(DEFINITIONS, NAME)
    await eventually(lambda: is_gone(client))
    with pytest.raises(errors.NotFound):
        await client.list(CRON_TABS)
    await client.create(definition())
    assert (await client.list(CRON_TABS)).items == []


@pytest.mark.usefixtures("manager")
async def test_a_definition_waits_for_an_object_that_something_holds(client: Client) -> None:
    await client.create(definition())
    held = custom_object(cron_tab())
    held.metadata.finalizers.append("example.com/hold")
    await client.create(held)
    await client.delete(DEFINITIONS, NAME)

    async def both_end() -> CustomResourceDefinition | None:
        found = await client.get(DEFINITIONS, NAME)
        going = objects.is_terminating(await client.get(CRON_TABS, "nightly", "default"))
        return found if going and objects.condition_is(found.status.conditions, "Terminating") else None

    assert await eventually(both_end)
    with pytest.raises(errors.MethodNotAllowed, match="create not allowed while custom resource definition is terminating"):
        await client.create(custom_object(cron_tab("another")))
    await client.patch(CRON_TABS, "nightly", "default", {"metadata": {"finalizers": None}})
    await eventually(lambda: is_gone(client))


@pytest.mark.usefixtures("manager")
async def test_a_namespace_takes_custom_objects_along(client: Client) -> None:
    await client.create(make_namespace("team"))
    await client.create(definition())
    await client.create(custom_object(cron_tab(namespace="team")))
    await client.delete(registry.NAMESPACES, "team")

    async def without_team() -> bool:
        return all(namespace.metadata.name != "team" for namespace in (await client.list(registry.NAMESPACES)).items)

    await eventually(without_team)
    assert (await client.list(CRON_TABS)).items == []


@pytest.mark.usefixtures("manager")
async def test_what_a_custom_object_owns_goes_with_it(client: Client) -> None:
    await client.create(definition())
    owner = await client.create(custom_object(cron_tab()))
    reference = objects.owner_reference(owner, api_version=owner.api_version, kind=owner.kind)
    settings, child = make_config_map("settings"), custom_object(cron_tab("child"))
    for owned in (settings, child):
        owned.metadata.owner_references.append(reference)
        await client.create(owned)
    await client.delete(CRON_TABS, "nightly", "default")

    async def nothing_is_left() -> bool:
        maps = {found.metadata.name for found in (await client.list(registry.CONFIG_MAPS, "default")).items}
        return not (await client.list(CRON_TABS)).items and "settings" not in maps

    await eventually(nothing_is_left)


@pytest.mark.usefixtures("manager")
async def test_a_name_that_comes_free_goes_to_the_definition_that_waits_for_it(client: Client) -> None:
    await client.create(definition(shortNames=["ct"]))
    later = await client.create(definition("cartables", "CarTable", shortNames=["ct"]))
    assert not objects.condition_is(later.status.conditions, "Established")
    await client.delete(DEFINITIONS, NAME)

    async def is_established() -> bool:
        found = await client.get(DEFINITIONS, later.metadata.name)
        return objects.condition_is(found.status.conditions, "Established")

    await eventually(is_established)
