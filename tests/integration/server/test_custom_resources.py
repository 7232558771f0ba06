"""Kinds that users define, as clients see them: real etcd, real gRPC, one server and two."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from controlplane.api import errors, objects, parts, registry
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from protos.v1.resources_pb2 import CustomObject, PatchRequest, WatchEvent
from tests.support.custom import (
    CRON_TAB,
    GROUP,
    cron_tab,
    custom_object,
    definition,
    definition_document,
    kind_of,
    version,
)
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running, running_api
from tests.support.waiting import eventually

DEFINITIONS = registry.CUSTOM_RESOURCE_DEFINITIONS
CRON_TABS = kind_of()
NAME = CRON_TABS.resource


def content(obj: CustomObject) -> dict[str, Any]:
    return parts.content_of(obj)


async def make(client: Client, name: str = "nightly", **spec: Any) -> CustomObject:
    return await client.create(custom_object(cron_tab(name, spec={"cronSpec": "* * * * *"} | spec)))


async def served(client: Client) -> Any:
    """The kind as the server tells it."""
    return next((kind for kind in await client.kinds() if kind.resource == NAME), None)


class TestDefinitions:
    async def test_a_new_definition_is_served_as_soon_as_it_is_answered(self, client: Client) -> None:
        for number in range(5):
            made = await client.create(definition(f"tabs{number}", f"Tab{number}"))
            assert objects.condition_is(made.status.conditions, "Established")
            await client.create(custom_object(cron_tab() | {"kind": f"Tab{number}"}))

    async def test_an_unsound_one_is_refused_with_every_problem(self, client: Client) -> None:
        broken = definition("crontabs", "CronTab", version(schema={"openAPIV3Schema": {"type": "array"}}), scope="Galaxy")
        with pytest.raises(errors.Invalid) as refused:
            await client.create(broken)
        assert {problem.path for problem in refused.value.problems} == {
            "spec.scope", "spec.versions[0].schema.openAPIV3Schema.type", "spec.versions[0].schema.openAPIV3Schema.items",
        }  # fmt: skip

    async def test_one_whose_names_are_taken_is_kept_but_not_served(self, client: Client) -> None:
        await client.create(definition(shortNames=["ct"]))
        made = await client.create(definition("tables", "CronTab", singular="table"))
        assert not objects.condition_is(made.status.conditions, "Established")
        with pytest.raises(errors.NotFound, match='no resource "tables'):
            await client.list(kind_of("tables", "CronTab"))

    async def test_its_status_is_the_servers_to_say(self, client: Client) -> None:
        made = await client.create(definition())
        claimed = objects.copy_of(made)
        del claimed.status.conditions[:]
        claimed.status.accepted_names.kind = "Other"
        assert (await client.update_status(claimed)).status == made.status

    async def test_rules_in_cel_are_kept_with_a_warning(self, api: RunningApi) -> None:
        from controlplane.server.users import MASTERS, Caller, User
        from protos.v1 import resources_pb2 as wire

        caller = Caller(User("admin", frozenset({MASTERS})))
        ruled = version(schema={"openAPIV3Schema": CRON_TAB | {"x-kubernetes-validations": [{"rule": "true"}]}})
        request = wire.CreateRequest(object=registry.wrap(definition("crontabs", "CronTab", ruled)))
        await api.server.verbs.create(caller, request)
        assert ["x-kubernetes-validations are kept but not evaluated" in warning for warning in caller.warnings] == [True]

    async def test_the_server_tells_of_it_and_of_every_other_kind(self, client: Client) -> None:
        assert await served(client) is None
        versions = (version("v1", subresources={"status": {}}), version("v1beta1", storage=False))
        await client.create(definition("crontabs", "CronTab", *versions, shortNames=["ct"], categories=["all"]))
        kind = await served(client)
        assert (kind.name, kind.api_version, kind.older) == ("CronTab", f"{GROUP}/v1", (f"{GROUP}/v1beta1",))
        assert (kind.singular, kind.short, kind.categories) == ("crontab", ("ct",), ("all",))
        assert kind.subresources == ("status",)
        kinds = await client.kinds()
        assert {registry.PODS, registry.DEPLOYMENTS, registry.TOKEN_REVIEWS} <= set(kinds)


class TestObjects:
    async def test_an_object_gets_its_defaults_and_loses_what_is_unknown(self, client: Client) -> None:
        await client.create(definition())
        made = await make(client, colour="red", notes={"kept": {"as": "it is"}})
        assert content(made)["spec"] == {
            "cronSpec": "* * * * *", "image": "busybox", "replicas": 1, "notes": {"kept": {"as": "it is"}},
        }  # fmt: skip
        assert await client.get(CRON_TABS, "nightly", "default") == made

    async def test_strict_validation_refuses_what_is_unknown(self, client: Client) -> None:
        await client.create(definition())
        obj = custom_object(cron_tab(spec={"cronSpec": "* * * * *", "colour": "red"}))
        with pytest.raises(errors.BadRequest, match=r'strict decoding error: unknown field "spec.colour"'):
            await client.create(obj, field_validation="Strict")
        with pytest.raises(errors.NotFound):
            await client.get(CRON_TABS, "nightly", "default")

    async def test_every_problem_of_an_object_is_told(self, client: Client) -> None:
        await client.create(definition())
        with pytest.raises(errors.Invalid) as refused:
            await make(client, cronSpec="now", replicas=11)
        assert [str(problem) for problem in refused.value.problems] == [
            "spec.cronSpec: Invalid value: \"now\": spec.cronSpec in body should match "
            "'^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'",
            "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "raw", [b"not json", b"[]", b'"text"', b"{" * 5, b'{"a":' * 2000 + b"1" + b"}" * 2000, b"[" * 900 + b"]" * 900]
    )
    async def test_what_is_no_json_object_is_refused(self, client: Client, raw: bytes) -> None:
        await client.create(definition())
        obj = custom_object(cron_tab())
        obj.content = raw
        with pytest.raises(errors.BadRequest):
            await client.create(obj)

    async def test_an_object_of_no_kind_is_not_found(self, client: Client) -> None:
        with pytest.raises(errors.NotFound, match=r'no matches for kind "CronTab" in version "stable.example.com/v1"'):
            await make(client)

    async def test_a_kind_may_have_the_name_of_another_in_another_group(self, client: Client) -> None:
        """Rules and defaults of pods are not those of whatever is called Pod."""
        await client.create(definition("pods", "Pod"))
        made = await client.create(custom_object(cron_tab() | {"kind": "Pod"}))
        assert content(made)["spec"]["image"] == "busybox"

    async def test_patches_change_parts(self, client: Client) -> None:
        await client.create(definition())
        await make(client)
        merged = await client.patch(CRON_TABS, "nightly", "default", {"spec": {"replicas": 3, "image": None}})
        assert content(merged)["spec"] == {"cronSpec": "* * * * *", "image": "busybox", "replicas": 3}
        operations = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
        patched = await client.patch(CRON_TABS, "nightly", "default", operations, type=PatchRequest.JSON)
        assert content(patched)["spec"]["replicas"] == 4
        with pytest.raises(errors.Invalid, match="less than or equal to 10"):
            await client.patch(CRON_TABS, "nightly", "default", {"spec": {"replicas": 40}})

    async def test_server_side_apply_makes_and_changes(self, client: Client) -> None:
        await client.create(definition())
        document = cron_tab(spec={"cronSpec": "* * * * *", "replicas": 2})
        made = await client.apply(CRON_TABS, document, field_manager="one")
        assert content(made)["spec"]["replicas"] == 2
        with pytest.raises(errors.Conflict):
            await client.apply(CRON_TABS, cron_tab(spec={"cronSpec": "0 * * * *"}), field_manager="two")

    async def test_without_a_status_of_its_own_every_change_counts(self, client: Client) -> None:
        await client.create(definition())
        made = await make(client)
        assert made.metadata.generation == 1
        changed = await client.patch(CRON_TABS, "nightly", "default", {"status": {"replicas": 1}})
        assert changed.metadata.generation == 2
        labelled = await client.patch(CRON_TABS, "nightly", "default", {"metadata": {"labels": {"a": "b"}}})
        assert labelled.metadata.generation == 2

    async def test_a_status_of_its_own_is_written_by_itself_and_checked(self, client: Client) -> None:
        await client.create(definition("crontabs", "CronTab", version(subresources={"status": {}})))
        made = await client.create(custom_object(cron_tab(status={"replicas": 9})))
        assert "status" not in content(made)
        changed = objects.copy_of(made)
        document = content(changed)
        document["spec"]["image"], document["status"] = "ignored", {"replicas": 2, "colour": "red"}
        parts.set_content(changed, document)
        stored = await client.update_status(changed)
        assert content(stored) == content(made) | {"status": {"replicas": 2}}
        assert stored.metadata.generation == 1
        with pytest.raises(errors.Invalid, match="must be of type integer"):
            await client.patch(CRON_TABS, "nightly", "default", {"status": {"replicas": "x"}}, subresource="status")
        untouched = await client.patch(CRON_TABS, "nightly", "default", {"status": {"replicas": 5}, "spec": {"replicas": 2}})
        assert content(untouched)["status"] == {"replicas": 2}
        assert untouched.metadata.generation == 2

    async def test_its_size_can_be_set(self, client: Client) -> None:
        scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
        await client.create(definition("crontabs", "CronTab", version(subresources={"scale": scale})))
        await make(client)
        assert (await client.scale(CRON_TABS, "nightly", "default", 4)).spec.replicas == 4
        assert content(await client.get(CRON_TABS, "nightly", "default"))["spec"]["replicas"] == 4

    async def test_an_update_without_a_change_changes_nothing(self, client: Client) -> None:
        await client.create(definition())
        made = await make(client)
        same = objects.copy_of(made)
        same.content = orjson.dumps({"spec": dict(reversed(content(made)["spec"].items()))})
        assert await client.update(same) == made

    async def test_selectors_choose_by_labels_and_by_the_fields_of_the_definition(self, client: Client) -> None:
        chosen = version(selectableFields=[{"jsonPath": ".spec.image"}, {"jsonPath": ".spec.replicas"}])
        await client.create(definition("crontabs", "CronTab", chosen))
        for name, image, replicas in (("a", "nginx", 1), ("b", "nginx", 2), ("c", "busybox", 2)):
            obj = custom_object(cron_tab(name, spec={"cronSpec": "* * * * *", "image": image, "replicas": replicas}))
            obj.metadata.labels["size"] = str(replicas)
            await client.create(obj)

        async def names(**selectors: str) -> list[str]:
            return [found.metadata.name for found in (await client.list(CRON_TABS, **selectors)).items]

        assert await names(fields="spec.image=nginx") == ["a", "b"]
        assert await names(fields="spec.image=nginx,spec.replicas!=1") == ["b"]
        assert await names(labels="size=2") == ["b", "c"]
        with pytest.raises(errors.BadRequest, match=r'"spec.cronSpec" is not a field'):
            await names(fields="spec.cronSpec=x")
        gone = await client.delete_collection(CRON_TABS, "default", fields="spec.image=nginx")
        assert [found.metadata.name for found in gone] == ["a", "b"]
        assert await names() == ["c"]

    async def test_pages_of_a_list_show_objects_as_they_are_now(self, client: Client) -> None:
        await client.create(definition())
        for number in range(5):
            await make(client, f"tab-{number}")
        assert len((await client.list(CRON_TABS, page=2)).items) == 5

    async def test_kinds_without_namespaces(self, client: Client) -> None:
        await client.create(definition("clocks", "Clock", scope="Cluster"))
        made = await client.create(custom_object(cron_tab() | {"kind": "Clock"}))
        assert made.metadata.namespace == ""
        assert await client.get(kind_of("clocks", "Clock", scope="Cluster"), "nightly") == made


class TestChangedDefinitions:
    async def test_objects_of_any_served_version_become_the_stored_one(self, client: Client) -> None:
        versions = (version("v1"), version("v1beta1", storage=False, deprecated=True))
        await client.create(definition("crontabs", "CronTab", *versions))
        made = await client.create(custom_object(cron_tab(api_version=f"{GROUP}/v1beta1")))
        assert made.api_version == f"{GROUP}/v1"
        older = objects.copy_of(made)
        older.api_version = f"{GROUP}/v1beta1"
        assert await client.update(older) == made
        with pytest.raises(errors.NotFound):
            await client.create(custom_object(cron_tab("other", api_version=f"{GROUP}/v9")))

    async def test_another_stored_version_shows_in_all_objects_at_once(self, client: Client) -> None:
        await client.create(definition())
        await make(client)
        change = {"spec": {"versions": [version("v2"), version("v1", storage=False)]}}
        changed = await client.patch(DEFINITIONS, NAME, "", change)
        assert list(changed.status.stored_versions) == ["v1", "v2"]
        found = (await client.list(CRON_TABS)).items
        assert [obj.api_version for obj in found] == [f"{GROUP}/v2"]
        with pytest.raises(errors.Invalid, match=r"missing from spec.versions"):
            await client.patch(DEFINITIONS, NAME, "", {"spec": {"versions": [version("v2")]}})

    async def test_a_new_default_shows_in_objects_that_were_there_before(self, client: Client) -> None:
        await client.create(definition())
        before = await make(client)
        richer = orjson.loads(orjson.dumps(CRON_TAB))
        richer["properties"]["spec"]["properties"]["suspend"] = {"type": "boolean", "default": False}
        await client.patch(DEFINITIONS, NAME, "", {"spec": {"versions": [version(schema={"openAPIV3Schema": richer})]}})
        now = await client.get(CRON_TABS, "nightly", "default")
        assert content(now)["spec"]["suspend"] is False
        assert now.metadata.resource_version == before.metadata.resource_version

    async def test_what_was_sound_before_a_stricter_schema_may_stay(self, client: Client) -> None:
        await client.create(definition())
        await make(client, replicas=9)
        stricter = orjson.loads(orjson.dumps(CRON_TAB))
        stricter["properties"]["spec"]["properties"]["replicas"]["maximum"] = 5
        await client.patch(DEFINITIONS, NAME, "", {"spec": {"versions": [version(schema={"openAPIV3Schema": stricter})]}})
        await client.patch(CRON_TABS, "nightly", "default", {"spec": {"image": "nginx"}})
        with pytest.raises(errors.Invalid, match="less than or equal to 5"):
            await client.patch(CRON_TABS, "nightly", "default", {"spec": {"replicas": 8}})

    async def test_its_scope_and_kind_stay(self, client: Client) -> None:
        await client.create(definition())
        with pytest.raises(errors.Invalid, match=r"spec.scope: Invalid value: \"Cluster\": field is immutable"):
            await client.patch(DEFINITIONS, NAME, "", {"spec": {"scope": "Cluster"}})


class TestWatches:
    async def test_a_watch_tells_of_every_change(self, client: Client) -> None:
        await client.create(definition())
        seen: list[tuple[int, str]] = []

        async def follow() -> None:
            async for batch in client.watch(CRON_TABS, "default", initial_events=True):
                seen.extend((change.type, change.object.metadata.name) for change in batch if change.object is not None)

        async with running(follow(), "watch"):
            await make(client)
            await client.patch(CRON_TABS, "nightly", "default", {"spec": {"replicas": 2}})
            await client.delete(CRON_TABS, "nightly", "default")
            wanted = [(kind, "nightly") for kind in (WatchEvent.ADDED, WatchEvent.MODIFIED, WatchEvent.DELETED)]
            await eventually(lambda: seen == wanted)

    async def test_a_watch_of_a_definition_that_is_gone_ends(self, client: Client) -> None:
        await client.create(definition())
        opened, reasons = asyncio.Event(), list[str]()

        async def follow() -> None:
            try:
                async for _ in client.watch(CRON_TABS):
                    opened.set()
            except errors.StatusError as error:
                reasons.append(error.reason)

        async with running(follow(), "watch"):
            await opened.wait()
            await client.delete(DEFINITIONS, NAME)
            await client.patch(DEFINITIONS, NAME, "", {"metadata": {"finalizers": None}})
            await eventually(lambda: reasons == ["Expired"])
        with pytest.raises(errors.NotFound):
            await client.list(CRON_TABS)

    async def test_an_informer_follows_a_custom_kind_through_a_change_of_its_definition(self, client: Client) -> None:
        await client.create(definition())
        informer = Informer(client, CRON_TABS)
        async with running(informer.run(), "informer"):
            await make(client, "a")
            await eventually(lambda: informer.get("a", "default"))
            await client.patch(DEFINITIONS, NAME, "", {"spec": {"versions": [version("v2"), version("v1", storage=False)]}})
            await make(client, "b")

            def both_in_the_new_version() -> bool:
                found = [informer.get(name, "default") for name in ("a", "b")]
                return all(obj is not None and obj.api_version == f"{GROUP}/v2" for obj in found)

            await eventually(both_in_the_new_version)


class TestTwoServers:
    async def test_what_one_defines_the_other_serves(self, etcd: RealEtcd) -> None:
        async with running_api(etcd) as one, running_api(etcd) as two, one.client() as here, two.client() as there:
            await here.create(definition())
            await eventually(lambda: served(there))
            made = await make(there)
            assert await here.get(CRON_TABS, "nightly", "default") == made
            await here.patch(DEFINITIONS, NAME, "", {"spec": {"versions": [version("v2"), version("v1", storage=False)]}})

            async def in_the_new_version() -> bool:
                return (await there.get(CRON_TABS, "nightly", "default")).api_version == f"{GROUP}/v2"

            await eventually(in_the_new_version)

    async def test_a_server_that_starts_later_knows_all_of_it(self, etcd: RealEtcd) -> None:
        async with running_api(etcd) as one, one.client() as here:
            await here.create(definition())
            made = await make(here)
        async with running_api(etcd) as two, two.client() as there:
            assert await there.get(CRON_TABS, "nightly", "default") == made
            assert (await there.list(CRON_TABS)).items == [made]


def test_the_documents_of_these_tests_are_what_they_say() -> None:
    assert definition_document()["metadata"]["name"] == NAME
