"""The API as its clients see it: real etcd, real gRPC, real certificates."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of
from controlplane.client.client import Change, Client
from controlplane.client.writes import create_write, delete_options, delete_write
from protos.v1 import core_pb2 as core
from protos.v1.resources_pb2 import WatchEvent
from tests.support.builders import make_deployment, make_pod, make_service

PODS, CONFIG_MAPS = registry.PODS, registry.CONFIG_MAPS


def config(name: str, namespace: str = "default", **labels: str) -> core.ConfigMap:
    obj = core.ConfigMap(data={"value": name})
    obj.metadata.name, obj.metadata.namespace = name, namespace
    obj.metadata.labels.update(labels)
    return obj


async def collect(watch: Any, count: int) -> list[Change[Any]]:
    found: list[Change[Any]] = []
    async with asyncio.timeout(10):
        async for batch in watch:
            found.extend(change for change in batch if change.type != WatchEvent.BOOKMARK)
            if len(found) >= count:
                return found
    raise AssertionError("the watch ended")


class TestCreate:
    async def test_the_server_fills_in_what_it_owns(self, client: Client) -> None:
        made = await client.create(make_pod(name="a"))
        assert made.metadata.uid
        assert made.metadata.creation_timestamp.seconds > 0
        assert made.metadata.resource_version
        assert made.status.phase == "Pending"
        assert made.spec.restart_policy == "Always"

    async def test_what_is_stored_is_what_was_answered(self, client: Client) -> None:
        made = await client.create(make_deployment(name="web"))
        assert await client.get(registry.DEPLOYMENTS, "web", "default") == made
        assert made.metadata.generation == 1

    async def test_generate_name_makes_different_names(self, client: Client) -> None:
        pod = make_pod(name="")
        pod.metadata.generate_name = "web-"
        names = {(await client.create(pod)).metadata.name for _ in range(5)}
        assert len(names) == 5
        assert all(name.startswith("web-") and len(name) == 9 for name in names)

    async def test_a_taken_name_is_refused(self, client: Client) -> None:
        await client.create(config("a"))
        with pytest.raises(errors.AlreadyExists, match='configmaps "a" already exists'):
            await client.create(config("a"))

    async def test_a_namespace_that_is_not_there_is_refused(self, client: Client) -> None:
        with pytest.raises(errors.NotFound, match='namespaces "nowhere" not found'):
            await client.create(config("a", "nowhere"))

    async def test_an_object_without_namespace_is_refused(self, client: Client) -> None:
        with pytest.raises(errors.BadRequest, match="namespace: required; name one, such as default"):
            await client.create(config("a", ""))

    async def test_all_problems_are_told_at_once_and_nothing_is_stored(self, client: Client) -> None:
        pod = make_pod(name="Bad_Name")
        pod.spec.containers[0].image = ""
        pod.spec.containers[0].ports.add(container_port=99999)
        with pytest.raises(errors.Invalid) as refused:
            await client.create(pod)
        paths = {problem.path for problem in refused.value.problems}
        assert {"metadata.name", "spec.containers[0].image", "spec.containers[0].ports[0].containerPort"} <= paths
        assert not (await client.list(PODS)).items

    async def test_a_dry_run_stores_nothing(self, client: Client) -> None:
        made = await client.create(config("a"), dry_run=True)
        assert made.metadata.uid
        with pytest.raises(errors.NotFound):
            await client.get(CONFIG_MAPS, "a", "default")


class TestUpdate:
    async def test_an_old_version_is_refused_with_a_remedy(self, client: Client) -> None:
        first = await client.create(config("a"))
        first.data["value"] = "2"
        await client.update(first)
        with pytest.raises(errors.Conflict, match="please apply your changes to the latest version"):
            await client.update(first)

    async def test_a_change_of_the_spec_counts_a_generation_and_keeps_the_status(self, client: Client) -> None:
        made = await client.create(make_deployment(name="web", replicas=1))
        made.status.ready_replicas = 1
        reported = await client.update_status(made)
        assert (reported.status.ready_replicas, reported.metadata.generation) == (1, 1)
        reported.spec.replicas = 2
        reported.status.ready_replicas = 9
        changed = await client.update(reported)
        assert (changed.spec.replicas, changed.metadata.generation, changed.status.ready_replicas) == (2, 2, 1)

    async def test_an_update_that_changes_nothing_writes_nothing(self, client: Client) -> None:
        made = await client.create(config("a"))
        assert (await client.update(made)).metadata.resource_version == made.metadata.resource_version

    async def test_a_merge_patch_changes_what_it_names(self, client: Client) -> None:
        await client.create(make_deployment(name="web", replicas=1))
        patched = await client.patch(registry.DEPLOYMENTS, "web", "default", {"spec": {"replicas": 3}})
        assert patched.spec.replicas == 3

    async def test_patches_at_once_are_all_applied(self, client: Client) -> None:
        await client.create(config("a"))
        patches = (client.patch(CONFIG_MAPS, "a", "default", {"data": {f"k{n}": "v"}}) for n in range(8))
        await asyncio.gather(*patches)
        assert len((await client.get(CONFIG_MAPS, "a", "default")).data) == 9

    async def test_a_patch_with_an_unknown_field_or_a_wrong_type_is_refused(self, client: Client) -> None:
        await client.create(make_deployment(name="web", replicas=1))
        bad = {"spec": {"replicas": "three", "replicass": 3}}
        with pytest.raises(errors.StatusError, match=r"spec.replicass.*") as refused:
            await client.patch(registry.DEPLOYMENTS, "web", "default", bad)
        assert "spec.replicas:" in str(refused.value)
        assert (await client.get(registry.DEPLOYMENTS, "web", "default")).spec.replicas == 1

    async def test_a_selector_cannot_be_changed(self, client: Client) -> None:
        made = await client.create(make_deployment(name="web"))
        made.spec.selector.match_labels["app"] = "other"
        made.spec.template.metadata.labels["app"] = "other"
        with pytest.raises(errors.Invalid, match=r"spec.selector"):
            await client.update(made)


class TestDelete:
    async def test_an_unscheduled_pod_goes_at_once(self, client: Client) -> None:
        await client.create(make_pod(name="a"))
        await client.delete(PODS, "a", "default")
        with pytest.raises(errors.NotFound):
            await client.get(PODS, "a", "default")

    async def test_a_pod_on_a_node_gets_its_grace(self, client: Client) -> None:
        pod = await client.create(make_pod(name="a"))
        await client.bind(pod, "node-1")
        asked = await client.delete(PODS, "a", "default")
        assert asked.metadata.HasField("deletion_timestamp")
        assert asked.metadata.deletion_grace_period_seconds == 30
        await client.delete(PODS, "a", "default", options=delete_options(grace_seconds=0))
        with pytest.raises(errors.NotFound):
            await client.get(PODS, "a", "default")

    async def test_a_finalizer_holds_the_object_until_it_is_taken_away(self, client: Client) -> None:
        obj = config("a")
        obj.metadata.finalizers.append("example.com/hold")
        await client.create(obj)
        held = await client.delete(CONFIG_MAPS, "a", "default")
        assert held.metadata.HasField("deletion_timestamp")
        del held.metadata.finalizers[:]
        await client.update(held)
        with pytest.raises(errors.NotFound):
            await client.get(CONFIG_MAPS, "a", "default")

    async def test_another_objects_uid_is_a_conflict(self, client: Client) -> None:
        await client.create(config("a"))
        with pytest.raises(errors.Conflict, match="precondition"):
            await client.delete(CONFIG_MAPS, "a", "default", options=delete_options(uid="not-it"))

    async def test_a_namespace_ends_when_its_finalizer_is_cleared_and_takes_nothing_new(self, client: Client) -> None:
        namespace = core.Namespace()
        namespace.metadata.name = "team"
        await client.create(namespace)
        ending = await client.delete(registry.NAMESPACES, "team")
        assert ending.status.phase == "Terminating"
        with pytest.raises(errors.Forbidden, match="is being terminated"):
            await client.create(config("a", "team"))
        del ending.spec.finalizers[:]
        await client.update(ending)
        with pytest.raises(errors.NotFound):
            await client.get(registry.NAMESPACES, "team")

    async def test_a_collection_goes_by_its_labels(self, client: Client) -> None:
        for name, tier in (("a", "x"), ("b", "x"), ("c", "y")):
            await client.create(config(name, tier=tier))
        gone = await client.delete_collection(CONFIG_MAPS, "default", labels="tier=x")
        assert sorted(obj.metadata.name for obj in gone) == ["a", "b"]
        assert [obj.metadata.name for obj in (await client.list(CONFIG_MAPS)).items] == ["c"]


class TestList:
    async def test_pages_show_one_revision_though_objects_come_and_go(self, client: Client) -> None:
        for number in range(7):
            await client.create(config(f"c-{number}"))
        listed = await client.list(CONFIG_MAPS, page=3)
        assert [obj.metadata.name for obj in listed.items] == [f"c-{number}" for number in range(7)]

    async def test_selectors_choose(self, client: Client) -> None:
        for name in ("a", "b", "c"):
            await client.create(config(name, tier="x" if name != "c" else "y"))
        chosen = await client.list(CONFIG_MAPS, labels="tier in (x),tier!=y", fields="metadata.name!=a")
        assert [obj.metadata.name for obj in chosen.items] == ["b"]

    async def test_a_field_that_cannot_be_selected_by_is_named(self, client: Client) -> None:
        with pytest.raises(errors.BadRequest, match=r"spec\.hostname"):
            await client.list(PODS, fields="spec.hostname=a")

    async def test_an_unknown_resource_gets_the_nearest_one(self, client: Client) -> None:
        kind: Any = registry.Kind("Pod", "", "v1", "podss", "pod", (), core.Pod, "pod")
        with pytest.raises(errors.NotFound, match="did you mean pods"):
            await client.list(kind)


class TestWatch:
    async def test_it_tells_every_change_after_a_version(self, client: Client) -> None:
        listed = await client.list(CONFIG_MAPS)
        made = await client.create(config("a"))
        made.data["value"] = "2"
        await client.update(made)
        await client.delete(CONFIG_MAPS, "a", "default")
        changes = await collect(client.watch(CONFIG_MAPS, resource_version=listed.resource_version), 3)
        assert [change.type for change in changes] == [WatchEvent.ADDED, WatchEvent.MODIFIED, WatchEvent.DELETED]
        versions = [int(change.resource_version) for change in changes]
        assert versions == sorted(set(versions))

    async def test_an_object_that_starts_or_stops_to_match_is_added_or_deleted(self, client: Client) -> None:
        listed = await client.list(CONFIG_MAPS)
        made = await client.create(config("a", tier="x"))
        made.metadata.labels["tier"] = "y"
        made = await client.update(made)
        made.metadata.labels["tier"] = "x"
        await client.update(made)
        watch = client.watch(CONFIG_MAPS, labels="tier=x", resource_version=listed.resource_version)
        assert [change.type for change in await collect(watch, 3)] == [
            WatchEvent.ADDED, WatchEvent.DELETED, WatchEvent.ADDED,
        ]  # fmt: skip

    async def test_initial_events_end_with_a_marked_bookmark(self, client: Client) -> None:
        await client.create(config("a"))
        async with asyncio.timeout(10):
            seen: list[Change[core.ConfigMap]] = []
            async for batch in client.watch(CONFIG_MAPS, initial_events=True):
                seen.extend(batch)
                if seen and seen[-1].initial_events_end:
                    break
        assert [change.type for change in seen] == [WatchEvent.ADDED, WatchEvent.BOOKMARK]

    async def test_a_version_from_the_future_has_expired(self, client: Client) -> None:
        with pytest.raises(errors.Expired):
            await collect(client.watch(CONFIG_MAPS, resource_version="99999999999"), 1)


class TestServices:
    async def test_a_service_gets_an_address_and_a_node_port(self, client: Client) -> None:
        made = await client.create(make_service(name="web", type="NodePort", cluster_ip=""))
        assert made.spec.cluster_ip.startswith("10.96.")
        assert 30000 <= made.spec.ports[0].node_port <= 32767

    async def test_an_address_is_never_given_twice(self, client: Client) -> None:
        writes = [create_write(make_service(name=f"s-{n}", type="NodePort", cluster_ip="")) for n in range(60)]
        made = await client.batch(writes)
        services = [service for service in made if isinstance(service, core.Service)]
        assert len(services) == 60
        assert len({service.spec.cluster_ip for service in services}) == 60
        assert len({service.spec.ports[0].node_port for service in services}) == 60

    async def test_a_taken_node_port_is_refused_and_free_after_its_service(self, client: Client) -> None:
        first = make_service(name="one", type="NodePort", cluster_ip="")
        first.spec.ports[0].node_port = 30080
        await client.create(first)
        second = make_service(name="two", type="NodePort", cluster_ip="")
        second.spec.ports[0].node_port = 30080
        with pytest.raises(errors.Invalid, match="already allocated to service default/one"):
            await client.create(second)
        await client.delete(registry.SERVICES, "one", "default")
        assert (await client.create(second)).spec.ports[0].node_port == 30080

    async def test_a_port_outside_the_range_is_refused(self, client: Client) -> None:
        service = make_service(name="web", type="NodePort", cluster_ip="")
        service.spec.ports[0].node_port = 80
        with pytest.raises(errors.Invalid, match="the range of valid ports is 30000-32767"):
            await client.create(service)

    async def test_the_address_stays_when_the_type_changes(self, client: Client) -> None:
        made = await client.create(make_service(name="web", cluster_ip=""))
        patched = await client.patch(registry.SERVICES, "web", "default", {"spec": {"type": "NodePort"}})
        assert patched.spec.cluster_ip == made.spec.cluster_ip
        assert patched.spec.ports[0].node_port


class TestBatchAndBind:
    async def test_each_write_of_a_batch_has_its_own_outcome(self, client: Client) -> None:
        await client.create(config("b"))
        writes = [create_write(config(name)) for name in ("a", "b", "c")]
        writes.append(delete_write(CONFIG_MAPS, "nothing", "default"))
        outcomes = await client.batch(writes)
        assert [type(outcome).__name__ for outcome in outcomes] == ["ConfigMap", "AlreadyExists", "ConfigMap", "NotFound"]

    async def test_a_pod_is_bound_once(self, client: Client) -> None:
        pod = await client.create(make_pod(name="a"))
        bound = await client.bind(pod, "node-1")
        assert bound.spec.node_name == "node-1"
        assert any(c.type == "PodScheduled" and c.status == "True" for c in bound.status.conditions)
        with pytest.raises(errors.Conflict, match="already assigned"):
            await client.bind(pod, "node-2")


class TestGeneration:
    async def test_an_update_that_leaves_out_defaults_changes_nothing(self, client: Client) -> None:
        written = make_deployment(name="web")
        made = await client.create(written)
        again = copy_of(written)
        again.metadata.uid = ""
        again.metadata.resource_version = made.metadata.resource_version
        assert (await client.update(again)).metadata.generation == 1
        again.metadata.resource_version = ""
        again.spec.replicas = 7
        assert (await client.update(again)).metadata.generation == 2
