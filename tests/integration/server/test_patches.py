"""Patches of every type and server-side apply, as clients see them: real etcd, real gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from controlplane.api import codec, errors, registry
from controlplane.api.catalogue import custom_kind
from controlplane.api.kind import Kind
from controlplane.client.client import Client
from controlplane.client.writes import patch_write
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2 as rbac
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_deployment, make_node
from tests.support.server import RunningApi
from tests.support.waiting import eventually

CONFIG_MAPS, DEPLOYMENTS, NODES = registry.CONFIG_MAPS, registry.DEPLOYMENTS, registry.NODES
MERGE, JSON, STRATEGIC = wire.PatchRequest.MERGE, wire.PatchRequest.JSON, wire.PatchRequest.STRATEGIC
APPLY = wire.PatchRequest.APPLY


def config(name: str = "a", **data: str) -> core.ConfigMap:
    obj = core.ConfigMap(data=data)
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


def config_document(name: str = "a", **data: str) -> dict[str, Any]:
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}
    return head | ({"data": data} if data else {})


def deployment_document(image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": image, "ports": [{"containerPort": 80}]}]},
            },
            **spec,
        },
    }


def owned(obj: Any, manager: str, subresource: str = "") -> dict[str, Any]:
    """What the manager's entry says that it owns."""
    entries = [e for e in obj.metadata.managed_fields if (e.manager, e.subresource) == (manager, subresource)]
    assert len(entries) == 1, [e.manager for e in obj.metadata.managed_fields]
    return orjson.loads(entries[0].fields_v1.raw)  # type: ignore[no-any-return]


def managers(obj: Any) -> list[tuple[str, str, str]]:
    return [(e.manager, e.operation, e.subresource) for e in obj.metadata.managed_fields]


async def send(client: Client, request: wire.PatchRequest) -> wire.Object:
    return await client._call(client._resources.Patch, request)  # type: ignore[no-any-return]


class TestJsonPatch:
    async def test_operations_are_done_in_order(self, client: Client) -> None:
        await client.create(config(a="1", b="2"))
        patched = await client.patch(CONFIG_MAPS, "a", "default", [
            {"op": "test", "path": "/data/a", "value": "1"},
            {"op": "replace", "path": "/data/a", "value": "3"},
            {"op": "remove", "path": "/data/b"},
            {"op": "add", "path": "/metadata/labels", "value": {"x/y": "z"}},
            {"op": "copy", "from": "/metadata/labels/x~1y", "path": "/data/c"},
        ], type=JSON)  # fmt: skip
        assert dict(patched.data) == {"a": "3", "c": "z"}
        assert dict(patched.metadata.labels) == {"x/y": "z"}

    async def test_a_failed_test_changes_nothing_and_is_invalid(self, client: Client) -> None:
        await client.create(config(a="1"))
        with pytest.raises(errors.Invalid, match="testing value /data/a failed: test failed") as caught:
            await client.patch(CONFIG_MAPS, "a", "default", [
                {"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/a", "value": "2"},
                {"op": "test", "path": "/data/a", "value": "1"},
            ], type=JSON)  # fmt: skip
        assert (caught.value.kind, caught.value.name) == ("configmaps", "a")
        assert dict((await client.get(CONFIG_MAPS, "a", "default")).data) == {"a": "1"}

    async def test_a_test_is_made_on_the_newest_object(self, client: Client) -> None:
        """Each write is tested against the one just before it, which the watch cache may not have yet."""
        await client.create(config(a="0"))
        for number in range(20):
            await client.patch(CONFIG_MAPS, "a", "default", [
                {"op": "test", "path": "/data/a", "value": str(number)},
                {"op": "replace", "path": "/data/a", "value": str(number + 1)},
            ], type=JSON)  # fmt: skip

    async def test_another_resource_version_in_the_result_is_a_conflict(self, client: Client) -> None:
        made = await client.create(config(a="1"))
        version = {"op": "replace", "path": "/metadata/resourceVersion", "value": made.metadata.resource_version}
        change = {"op": "add", "path": "/data/b", "value": "2"}
        await client.patch(CONFIG_MAPS, "a", "default", [version, change], type=JSON)
        with pytest.raises(errors.Conflict, match="the object has been modified"):
            await client.patch(CONFIG_MAPS, "a", "default", [version, change], type=JSON)

    async def test_it_is_bounded(self, client: Client) -> None:
        await client.create(config(a="x" * 1000))
        with pytest.raises(errors.TooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
            await client.patch(CONFIG_MAPS, "a", "default", [{"op": "remove", "path": "/data/z"}] * 10_001, type=JSON)
        doubling = [{"op": "copy", "from": "/data", "path": f"/data/x{number}"} for number in range(40)]
        with pytest.raises(errors.Invalid, match="accumulated size increase of copy"):
            await client.patch(CONFIG_MAPS, "a", "default", doubling, type=JSON)
        deepening = [{"op": "copy", "from": "/metadata", "path": "/metadata/x"}] * 150
        with pytest.raises(errors.Invalid, match="nested more than 100 levels deep"):
            await client.patch(CONFIG_MAPS, "a", "default", deepening, type=JSON)


class TestStrategicPatch:
    async def test_containers_merge_by_name(self, client: Client) -> None:
        await client.create(make_deployment(name="web"))
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "redis:7"}]}}}}
        patched = await client.patch(DEPLOYMENTS, "web", "default", patch, type=STRATEGIC)
        assert sorted(c.name for c in patched.spec.template.spec.containers) == ["side", "web"]
        merged = await client.patch(DEPLOYMENTS, "web", "default", patch, type=MERGE)
        assert [c.name for c in merged.spec.template.spec.containers] == ["side"]

    async def test_a_taint_list_without_keys_of_merging_is_replaced_and_finalizers_are_taken_out(
        self, client: Client
    ) -> None:
        await client.create(config(a="1"))
        for patch in ({"metadata": {"finalizers": ["x/a"]}}, {"metadata": {"finalizers": ["x/b"]}}):
            await client.patch(CONFIG_MAPS, "a", "default", patch, type=STRATEGIC)
        removal = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}}
        patched = await client.patch(CONFIG_MAPS, "a", "default", removal, type=STRATEGIC)
        assert list(patched.metadata.finalizers) == ["x/b"]


class TestRefusals:
    @pytest.mark.parametrize("kind", [MERGE, STRATEGIC])
    async def test_what_is_no_object_is_refused(self, client: Client, kind: Any) -> None:
        await client.create(config(a="1"))
        for body in (b"[1]", b"null", b"{", b"", b"\xff", b'{"a":' * 500 + b"1" + b"}" * 500):
            request = wire.PatchRequest(resource="configmaps", namespace="default", name="a", type=kind, patch=body)
            with pytest.raises(errors.BadRequest):
                await send(client, request)

    async def test_a_type_is_required(self, client: Client) -> None:
        with pytest.raises(errors.BadRequest, match="type: required"):
            await send(client, wire.PatchRequest(resource="configmaps", namespace="default", name="a", patch=b"{}"))

    @pytest.mark.parametrize("kind", [MERGE, STRATEGIC])
    async def test_validation_decides_about_unknown_and_doubled_fields(self, client: Client, kind: Any) -> None:
        await client.create(make_deployment(name="web"))
        request = wire.PatchRequest(
            resource="deployments.apps", namespace="default", name="web", type=kind,
            patch=b'{"spec": {"replicass": 2, "replicas": 3, "replicas": 4}}', field_validation="Strict")  # fmt: skip
        with pytest.raises(errors.BadRequest, match=r'duplicate field "spec\.replicas"'):
            await send(client, request)
        request.patch = b'{"spec": {"replicass": 2}}'
        with pytest.raises(errors.BadRequest, match=r'unknown field "spec\.replicass"'):
            await send(client, request)
        for validation in ("", "Warn", "Ignore"):
            request.patch = b'{"spec": {"replicass": 2, "replicas": 3, "replicas": 4}}'
            request.field_validation = validation
            batch = wire.BatchRequest(writes=[wire.WriteRequest(patch=request)])
            result = (await client._call(client._resources.Batch, batch)).results[0]
            assert result.object.deployment.spec.replicas == 4
            told = ['duplicate field "spec.replicas"', 'unknown field "spec.replicass"; did you mean "replicas"?']
            assert list(result.warnings) == ([] if validation == "Ignore" else told)

    async def test_the_name_cannot_change(self, client: Client) -> None:
        await client.create(config(a="1"))
        for patch, kind in (
            ({"metadata": {"name": "b"}}, MERGE),
            ([{"op": "replace", "path": "/metadata/namespace", "value": "kube-system"}], JSON),
        ):
            with pytest.raises(errors.BadRequest, match="cannot change its name or namespace"):
                await client.patch(CONFIG_MAPS, "a", "default", patch, type=kind)
        with pytest.raises(errors.Conflict, match="uid"):
            await client.patch(CONFIG_MAPS, "a", "default", {"metadata": {"uid": "other"}})

    async def test_managers_have_short_printable_names(self, client: Client) -> None:
        for name in ("x" * 129, "a\nb"):
            with pytest.raises(errors.BadRequest, match="fieldManager"):
                await client.create(config(a="1"), field_manager=name)


class TestManagers:
    async def test_objects_of_writers_without_a_manager_are_not_tracked(self, client: Client) -> None:
        made = await client.create(config(a="1"))
        made.data["a"] = "2"
        updated = await client.update(made)
        patched = await client.patch(CONFIG_MAPS, "a", "default", {"data": {"a": "3"}})
        assert not made.metadata.managed_fields
        assert not updated.metadata.managed_fields
        assert not patched.metadata.managed_fields

    async def test_a_creator_with_a_name_owns_all_of_it(self, client: Client) -> None:
        made = await client.create(make_deployment(name="web"), field_manager="kubectl-create")
        assert managers(made) == [("kubectl-create", "Update", "")]
        fields = owned(made, "kubectl-create")
        container = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
        assert container["."] == {}
        assert container["f:imagePullPolicy"] == {}  # a default, as in Kubernetes
        assert "f:uid" not in fields.get("f:metadata", {})
        assert "f:status" not in fields
        entry = made.metadata.managed_fields[0]
        assert (entry.api_version, entry.fields_type) == ("apps/v1", "FieldsV1")
        assert entry.time.seconds

    async def test_an_updater_takes_over_what_it_changes(self, client: Client) -> None:
        made = await client.create(config(a="1", b="2"), field_manager="one")
        made.data["b"] = "3"
        made = await client.update(made, field_manager="two")
        assert owned(made, "one")["f:data"] == {".": {}, "f:a": {}}
        assert owned(made, "two") == {"f:data": {"f:b": {}}}
        patched = await client.patch(CONFIG_MAPS, "a", "default", {"data": {"b": None}}, field_manager="three")
        assert managers(patched) == [("one", "Update", "")]

    async def test_writers_without_a_manager_go_by_their_users_name(self, client: Client) -> None:
        await client.create(config(a="1"), field_manager="one")
        patched = await client.patch(CONFIG_MAPS, "a", "default", {"data": {"b": "2"}})
        assert owned(patched, "admin") == {"f:data": {"f:b": {}}}

    async def test_a_status_has_an_entry_of_its_own(self, client: Client) -> None:
        made = await client.create(make_deployment(name="web"), field_manager="one")
        made.status.replicas = 2
        updated = await client.update(made, subresource="status", field_manager="one")
        assert managers(updated) == [("one", "Update", ""), ("one", "Update", "status")]
        assert owned(updated, "one", "status")["f:status"]["f:replicas"] == {}
        assert "f:spec" not in owned(updated, "one", "status")

    async def test_a_write_that_changes_nothing_stores_nothing(self, client: Client) -> None:
        made = await client.create(config(a="1"), field_manager="one")
        again = await client.patch(CONFIG_MAPS, "a", "default", {"data": {"a": "1"}}, field_manager="two")
        assert again == made

    async def test_one_empty_entry_forgets_all_managers(self, client: Client) -> None:
        await client.create(config(a="1"), field_manager="one")
        kept = await client.patch(CONFIG_MAPS, "a", "default", {"metadata": {"managedFields": []}}, field_manager="two")
        assert managers(kept) == [("one", "Update", "")]
        reset = await client.patch(CONFIG_MAPS, "a", "default", {"metadata": {"managedFields": [{}]}}, field_manager="two")
        assert not reset.metadata.managed_fields
        made = await client.create(config("b", a="1"), field_manager="one")
        del made.metadata.managed_fields[:]
        made.metadata.managed_fields.add()
        made.data["b"] = "2"
        assert managers(await client.update(made, field_manager="two")) == [("two", "Update", "")]

    async def test_entries_that_make_no_sense_are_ignored(self, client: Client) -> None:
        made = await client.create(config(a="1"), field_manager="one")
        entry = meta.ManagedFieldsEntry(manager="x", operation="Steal", fields_type="FieldsV1")
        made.metadata.managed_fields[0].CopyFrom(entry)
        assert managers(await client.update(made, field_manager="one")) == [("one", "Update", "")]

    async def test_many_updaters_share_one_entry_at_last(self, client: Client) -> None:
        await client.create(config(a="1"), field_manager="one")
        for number in range(15):
            obj = await client.patch(
                CONFIG_MAPS, "a", "default", {"data": {f"k{number}": "v"}}, field_manager=f"m{number:02}")  # fmt: skip
        assert len(obj.metadata.managed_fields) == 10
        assert "ancient-changes" in [name for name, _, _ in managers(obj)]
        owners = [orjson.loads(entry.fields_v1.raw)["f:data"] for entry in obj.metadata.managed_fields]
        assert sorted(name for fields in owners for name in fields if name != ".") == sorted(
            [f"f:k{number}" for number in range(15)] + ["f:a"]
        )


class TestApply:
    async def test_it_creates_what_is_not_there(self, client: Client) -> None:
        made = await client.apply(DEPLOYMENTS, deployment_document(replicas=2), field_manager="helm")
        assert (made.spec.replicas, made.metadata.generation) == (2, 1)
        assert managers(made) == [("helm", "Apply", "")]
        fields = owned(made, "helm")
        assert "f:metadata" not in fields
        assert fields["f:spec"]["f:replicas"] == {}
        assert "f:strategy" not in fields["f:spec"]  # a default is nobody's
        ports = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']["f:ports"]
        assert ports == {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}

    async def test_again_is_nothing(self, client: Client) -> None:
        made = await client.apply(DEPLOYMENTS, deployment_document(), field_manager="helm")
        assert await client.apply(DEPLOYMENTS, deployment_document(), field_manager="helm") == made

    async def test_what_a_manager_no_longer_applies_goes(self, client: Client) -> None:
        await client.apply(CONFIG_MAPS, config_document(a="1", b="2"), field_manager="helm")
        await client.patch(CONFIG_MAPS, "a", "default", {"data": {"c": "3"}}, field_manager="hand")
        applied = await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager="helm")
        assert dict(applied.data) == {"a": "1", "c": "3"}
        applied = await client.apply(CONFIG_MAPS, config_document(), field_manager="helm")
        assert dict(applied.data) == {"c": "3"}
        assert managers(applied) == [("hand", "Update", "")]

    async def test_a_conflict_names_the_manager_and_the_field(self, client: Client) -> None:
        await client.create(make_deployment(name="web", replicas=1), field_manager="kubectl-client-side-apply")
        document = {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 4},
        }  # fmt: skip
        with pytest.raises(errors.Conflict) as caught:
            await client.apply(DEPLOYMENTS, document, field_manager="helm")
        text = caught.value.message
        assert text.startswith('Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1')
        assert text.endswith(": .spec.replicas")
        cause = caught.value.status.details.causes[0]
        assert (cause.reason, cause.field) == ("FieldManagerConflict", ".spec.replicas")
        assert (caught.value.kind, caught.value.name) == ("deployments.apps", "web")
        assert (await client.get(DEPLOYMENTS, "web", "default")).spec.replicas == 1

        forced = await client.apply(DEPLOYMENTS, document, field_manager="helm", force=True)
        assert forced.spec.replicas == 4
        assert owned(forced, "helm") == {"f:spec": {"f:replicas": {}}}
        assert "f:replicas" not in owned(forced, "kubectl-client-side-apply")["f:spec"]

    async def test_several_conflicts_are_listed_by_manager(self, client: Client) -> None:
        await client.apply(CONFIG_MAPS, config_document(a="1", b="1"), field_manager="one")
        await client.apply(CONFIG_MAPS, config_document(c="1"), field_manager="two")
        with pytest.raises(errors.Conflict) as caught:
            await client.apply(CONFIG_MAPS, config_document(a="2", b="2", c="2"), field_manager="three")
        assert caught.value.message == (
            'Apply failed with 3 conflicts: conflicts with "one":\n- .data.a\n- .data.b\nconflicts with "two":\n- .data.c'
        )
        assert len(caught.value.problems) == 3

    async def test_managers_that_agree_share_a_field_until_both_let_go(self, client: Client) -> None:
        for name in ("one", "two"):
            await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager=name)
        first = await client.apply(CONFIG_MAPS, config_document(), field_manager="one")
        assert dict(first.data) == {"a": "1"}
        assert managers(first) == [("two", "Apply", "")]
        assert not dict((await client.apply(CONFIG_MAPS, config_document(), field_manager="two")).data)

    async def test_a_quantity_agrees_however_it_is_written(self, client: Client) -> None:
        def document(amount: str) -> dict[str, Any]:
            document = deployment_document()
            document["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": amount}}
            return document

        await client.apply(DEPLOYMENTS, document("1"), field_manager="one")
        shared = await client.apply(DEPLOYMENTS, document("1000m"), field_manager="two")
        assert sorted(managers(shared)) == [("one", "Apply", ""), ("two", "Apply", "")]

    async def test_the_first_apply_finds_all_that_is_there_owned(self, client: Client) -> None:
        await client.create(config(a="1"))
        with pytest.raises(errors.Conflict, match='conflict with "before-first-apply" using v1'):
            await client.apply(CONFIG_MAPS, config_document(a="2"), field_manager="helm")
        applied = await client.apply(CONFIG_MAPS, config_document(b="2"), field_manager="helm")
        assert managers(applied) == [("helm", "Apply", ""), ("before-first-apply", "Update", "")]

    async def test_containers_of_two_managers_live_together(self, client: Client) -> None:
        await client.apply(DEPLOYMENTS, deployment_document(), field_manager="app")
        side = {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
            "spec": {"template": {"spec": {"containers": [{"name": "side", "image": "redis:7"}]}}},
        }  # fmt: skip
        both = await client.apply(DEPLOYMENTS, side, field_manager="mesh")
        assert [c.name for c in both.spec.template.spec.containers] == ["web", "side"]
        newer = await client.apply(DEPLOYMENTS, deployment_document("nginx:2"), field_manager="app")
        assert [(c.name, c.image) for c in newer.spec.template.spec.containers] == [("web", "nginx:2"), ("side", "redis:7")]
        side["spec"] = {}
        without = await client.apply(DEPLOYMENTS, side, field_manager="mesh")
        assert [c.name for c in without.spec.template.spec.containers] == ["web"]

    async def test_a_dropped_field_gets_its_default_again(self, client: Client) -> None:
        await client.apply(DEPLOYMENTS, deployment_document(replicas=3), field_manager="app")
        applied = await client.apply(DEPLOYMENTS, deployment_document(), field_manager="app")
        assert applied.spec.replicas == 1

    async def test_a_status_is_applied_by_itself(self, client: Client) -> None:
        await client.create(make_node(name="n"), field_manager="kubelet")
        condition = {"type": "Cooled", "status": "True", "reason": "Fan", "message": "ok"}
        document = {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {"x": "y"}},
            "spec": {"unschedulable": True}, "status": {"conditions": [condition]},
        }  # fmt: skip
        applied = await client.apply(NODES, document, field_manager="fan", subresource="status")
        assert not applied.spec.unschedulable
        assert "x" not in applied.metadata.labels
        assert "Cooled" in [c.type for c in applied.status.conditions]
        assert list(owned(applied, "fan", "status")) == ["f:status"]
        await client.apply(NODES, document, field_manager="fan")
        node = await client.get(NODES, "n")
        assert node.spec.unschedulable
        assert sorted(m for m in managers(node) if m[0] == "fan") == [("fan", "Apply", ""), ("fan", "Apply", "status")]
        document["status"] = {}
        cooled = await client.apply(NODES, document, field_manager="fan", subresource="status")
        assert "Cooled" not in [c.type for c in cooled.status.conditions]

    async def test_the_status_of_nothing_is_not_found(self, client: Client) -> None:
        document = deployment_document() | {"status": {"replicas": 1}}
        with pytest.raises(errors.NotFound):
            await client.apply(DEPLOYMENTS, document, field_manager="fan", subresource="status")

    async def test_a_dry_run_stores_nothing(self, client: Client) -> None:
        dry = await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager="helm", dry_run=True)
        assert managers(dry) == [("helm", "Apply", "")]
        with pytest.raises(errors.NotFound):
            await client.get(CONFIG_MAPS, "a", "default")
        made = await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager="helm")
        dry = await client.apply(CONFIG_MAPS, config_document(a="2"), field_manager="helm", dry_run=True)
        assert dict(dry.data) == {"a": "2"}
        assert await client.get(CONFIG_MAPS, "a", "default") == made

    async def test_yaml_is_taken(self, client: Client) -> None:
        text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: |\n    x\n    y\n"
        request = wire.PatchRequest(
            resource="configmaps", namespace="default", name="a", type=APPLY, patch=text, field_manager="m")  # fmt: skip
        assert dict((await send(client, request)).config_map.data) == {"a": "x\ny\n"}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"apiVersion": "v2"}, "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1"),
            ({"kind": "Secret"}, "Incorrect kind"),
            ({"metadata": {}}, "metadata.name: Required value"),
            ({"metadata": {"name": "b"}}, r"the name of the object \(b\) does not match the name on the URL \(a\)"),
            ({"metadata": {"name": "a", "namespace": "x"}}, "the namespace of the provided object"),
            ({"metadata": {"name": "a", "managedFields": [{}]}}, "metadata.managedFields must be nil"),
            ({"dta": {}}, r"failed to create typed patch object .*: \.dta: field not declared in schema"),
            ({"data": {"a": 1}}, "must be text"),
            ({"data": []}, "must be an object"),
        ],
        ids=str,
    )
    async def test_what_cannot_be_applied_is_told(self, client: Client, change: dict[str, Any], message: str) -> None:
        request = wire.PatchRequest(
            resource="configmaps", namespace="default", name="a", type=APPLY, field_manager="m",
            patch=orjson.dumps(config_document(a="1") | change))  # fmt: skip
        with pytest.raises(errors.BadRequest, match=message):
            await send(client, request)

    async def test_a_manager_is_required(self, client: Client) -> None:
        with pytest.raises(errors.BadRequest, match="fieldManager: Required value: is required for apply patch"):
            await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager="")

    async def test_force_is_for_apply_only(self, client: Client) -> None:
        request = wire.PatchRequest(
            resource="configmaps", namespace="default", name="a", type=MERGE, patch=b"{}", force=True)  # fmt: skip
        with pytest.raises(errors.BadRequest, match="may not be specified for non-apply patch"):
            await send(client, request)

    async def test_items_without_a_key_or_with_the_same_are_refused(self, client: Client) -> None:
        for containers, message in (
            ([{"image": "a"}], 'omits key field "name"'),
            ([{"name": "a"}, {"name": "a"}], r'duplicate entries for key \[name="a"\]'),
        ):
            document = deployment_document()
            document["spec"]["template"]["spec"]["containers"] = containers
            with pytest.raises(errors.BadRequest, match=message):
                await client.apply(DEPLOYMENTS, document, field_manager="m")

    async def test_a_version_must_be_the_stored_one(self, client: Client) -> None:
        made = await client.apply(CONFIG_MAPS, config_document(a="1"), field_manager="m")
        document = config_document(a="2")
        document["metadata"]["resourceVersion"] = made.metadata.resource_version
        await client.apply(CONFIG_MAPS, document, field_manager="m")
        with pytest.raises(errors.Conflict, match="the object has been modified"):
            await client.apply(CONFIG_MAPS, document | {"data": {"a": "3"}}, field_manager="m")
        document["metadata"]["name"] = "none"
        with pytest.raises(errors.Conflict, match="does not exist"):
            await client.apply(CONFIG_MAPS, document, field_manager="m")

    async def test_appliers_at_once_all_get_their_fields(self, client: Client) -> None:
        names = [f"m{number}" for number in range(8)]
        await asyncio.gather(
            *(client.apply(CONFIG_MAPS, config_document(**{name: "1"}), field_manager=name) for name in names)
        )  # fmt: skip
        stored = await client.get(CONFIG_MAPS, "a", "default")
        assert sorted(stored.data) == names
        assert sorted(name for name, _, _ in managers(stored)) == names

    async def test_a_stranger_may_not_apply(self, api: RunningApi) -> None:
        async with api.client(Identity("stranger")) as stranger:
            with pytest.raises(errors.Forbidden, match="cannot patch resource"):
                await stranger.apply(CONFIG_MAPS, config_document(a="1"), field_manager="m")

    async def test_to_create_by_apply_takes_the_right_to_create(self, api: RunningApi, client: Client) -> None:
        rule = rbac.PolicyRule(verbs=["patch"], api_groups=[""], resources=["configmaps"])
        role = rbac.Role(rules=[rule])
        role.metadata.name, role.metadata.namespace = "patcher", "default"
        binding = rbac.RoleBinding(role_ref=rbac.RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="patcher"))
        binding.metadata.name, binding.metadata.namespace = "ann", "default"
        binding.subjects.add(kind="User", name="ann", api_group="rbac.authorization.k8s.io")
        await client.create(role)
        await client.create(binding)
        async with api.client(Identity("ann")) as ann:
            with pytest.raises(errors.Forbidden, match='cannot create resource "configmaps"'):
                await ann.apply(CONFIG_MAPS, config_document(a="1"), field_manager="m")
            await client.create(config(a="1"))
            applied = await ann.apply(CONFIG_MAPS, config_document(b="1"), field_manager="m")
        assert dict(applied.data) == {"a": "1", "b": "1"}


class TestBatches:
    async def test_patches_in_a_batch_are_merge_patches(self, client: Client) -> None:
        await client.create(config(a="1"))
        outcomes = await client.batch([patch_write(CONFIG_MAPS, "a", "default", {"data": {"b": "2"}})])
        assert [type(outcome).__name__ for outcome in outcomes] == ["ConfigMap"]


CRONTABS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "crontabs.stable.example.com"},
    "spec": {
        "group": "stable.example.com",
        "scope": "Namespaced",
        "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "listKind": "CronTabList"},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {
                    "image": {"type": "string"},
                    "args": {"type": "array", "items": {"type": "string"}},
                    "hosts": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "ports": {
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {"type": "object", "required": ["port"], "properties": {
                            "port": {"type": "integer"},
                            "protocol": {"type": "string", "default": "TCP"},
                            "name": {"type": "string"},
                        }},
                    },
                }},
                "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
            }}},
        }],
    },
    "status": {
        "acceptedNames": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "listKind": "CronTabList"},
        "conditions": [
            {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found"},
            {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "accepted"},
        ],
    },
}  # fmt: skip


def crontab(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "default"}
    return {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": metadata, "spec": spec}


@pytest.fixture
async def crontabs(client: Client) -> Kind[Any]:
    definition: Any = codec.from_dict(registry.CUSTOM_RESOURCE_DEFINITIONS, CRONTABS)
    kind = custom_kind(definition)
    await client.create(definition)
    await client.patch(
        registry.CUSTOM_RESOURCE_DEFINITIONS, definition.metadata.name, "", {"status": CRONTABS["status"]},
        subresource="status")  # fmt: skip

    async def served() -> bool:
        try:
            await client.list(kind)
        except errors.NotFound:
            return False
        return True

    await eventually(served)
    return kind


class TestCustomObjects:
    async def test_lists_merge_as_their_definition_says(self, client: Client, crontabs: Kind[Any]) -> None:
        one = crontab(args=["a"], hosts=["x"], ports=[{"port": 53, "name": "dns"}])
        made = await client.apply(crontabs, one, field_manager="one")
        assert owned(made, "one")["f:spec"] == {
            "f:args": {},
            "f:hosts": {'v:"x"': {}},
            "f:ports": {'k:{"port":53,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}}},
        }
        two = crontab(hosts=["x", "y"], ports=[{"port": 53, "protocol": "UDP"}])
        both = codec.to_dict(crontabs, await client.apply(crontabs, two, field_manager="two"))["spec"]
        assert both["hosts"] == ["x", "y"]
        assert both["ports"] == [{"port": 53, "protocol": "TCP", "name": "dns"}, {"port": 53, "protocol": "UDP"}]
        with pytest.raises(errors.Conflict, match=r'conflict with "one": \.spec\.args'):
            await client.apply(crontabs, crontab(args=["b"]), field_manager="two")
        left = codec.to_dict(crontabs, await client.apply(crontabs, crontab(), field_manager="one"))["spec"]
        assert left == {"hosts": ["x", "y"], "ports": [{"port": 53, "protocol": "UDP"}]}

    async def test_merge_and_json_patches_work_and_strategic_ones_do_not(self, client: Client, crontabs: Kind[Any]) -> None:
        await client.apply(crontabs, crontab(image="a", args=["a"]), field_manager="one")
        await client.patch(crontabs, "a", "default", {"spec": {"image": None}})
        patched = await client.patch(
            crontabs, "a", "default", [{"op": "add", "path": "/spec/args/-", "value": "b"}], type=JSON
        )
        assert codec.to_dict(crontabs, patched)["spec"] == {"args": ["a", "b"]}
        with pytest.raises(errors.UnsupportedMediaType, match=r"accepted media types include: application/json-patch\+json"):
            await client.patch(crontabs, "a", "default", {}, type=STRATEGIC)
        with pytest.raises(errors.BadRequest, match=r'unknown field "spec\.imag"'):
            await client.patch(crontabs, "a", "default", {"spec": {"imag": "x"}})

    async def test_a_status_is_applied_by_itself(self, client: Client, crontabs: Kind[Any]) -> None:
        await client.apply(crontabs, crontab(image="a") | {"status": {"phase": "No"}}, field_manager="one")
        wanted = crontab(image="b") | {"status": {"phase": "Ready"}}
        applied = await client.apply(crontabs, wanted, field_manager="one", subresource="status")
        document = codec.to_dict(crontabs, applied)
        assert (document["spec"], document["status"]) == ({"image": "a"}, {"phase": "Ready"})

    async def test_what_the_definition_does_not_know_is_refused(self, client: Client, crontabs: Kind[Any]) -> None:
        with pytest.raises(errors.BadRequest, match=r"\.spec\.imag: field not declared in schema"):
            await client.apply(crontabs, crontab(imag="a"), field_manager="one")
