"""Convert, and documents of older versions on their way in, over gRPC."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.api import codec, errors, registry
from controlplane.client.client import Client
from controlplane.server.pki import Identity
from protos.v1 import resources_pb2 as wire
from protos.v1 import resources_pb2_grpc
from tests.support.custom import GROUP, cron_tab, definition, version
from tests.support.server import RunningApi

OLD = """
apiVersion: extensions/v1beta1
kind: Deployment
metadata:
  name: web
  namespace: default
spec:
  replicas: 2
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - {name: web, image: "nginx:1.27"}
"""


async def test_an_old_manifest_becomes_one_of_today(client: Client) -> None:
    answer = await client.convert(OLD)
    assert answer.warnings == ("extensions/v1beta1 Deployment is deprecated; use apps/v1 Deployment",)
    assert answer.document["apiVersion"] == "apps/v1"
    assert answer.document["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    made = await client.create(codec.from_dict(registry.DEPLOYMENTS, answer.document))
    assert made.spec.strategy.rolling_update.max_surge.int_val == 1


async def test_a_manifest_of_today_becomes_an_old_one_and_nothing_is_stored(client: Client) -> None:
    today = (await client.convert(OLD)).document
    answer = await client.convert(codec.to_json(registry.DEPLOYMENTS, codec.from_dict(None, today)), "apps/v1beta2")
    assert answer.warnings == ()
    assert answer.document == today | {"apiVersion": "apps/v1beta2"}
    assert not (await client.list(registry.DEPLOYMENTS)).items


async def test_unknown_fields_are_told(client: Client) -> None:
    answer = await client.convert(OLD + "  replicass: 3\n")
    assert 'unknown field "spec.replicass"; did you mean "replicas"?' in answer.warnings


@pytest.mark.parametrize(
    ("document", "api_version", "told"),
    [
        (OLD, "apps/v1alpha1", "Deployment has no version apps/v1alpha1; it has apps/v1, apps/v1beta2"),
        (OLD.replace("extensions/v1beta1", "apps/v7"), "", 'no matches for kind "Deployment" in version "apps/v7"'),
        ("[1, 2]", "", "must be one object in JSON or YAML"),
        ("a: [", "", "document: "),
        (OLD + "---" + OLD, "", "must be one object in JSON or YAML"),
        ("[" * 2000 + "]" * 2000, "", "document: "),
    ],
)
async def test_what_cannot_be_converted_is_refused(client: Client, document: str, api_version: str, told: str) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        await client.convert(document, api_version)
    assert told in str(refused.value)


async def test_a_configuration_of_an_older_version_is_applied_as_one_of_today(client: Client) -> None:
    request = wire.PatchRequest(
        resource="deployments.apps", namespace="default", name="web", type=wire.PatchRequest.APPLY, patch=OLD.encode(),
        field_manager="alice",
    )  # fmt: skip
    async with client.connection.channel() as channel:
        call = resources_pb2_grpc.ResourcesStub(channel).Patch(request)
        applied: Any = (await call).deployment
        told = [value.decode() for key, value in await call.trailing_metadata() or () if key == "orlop-warning-bin"]
    assert dict(applied.spec.selector.match_labels) == {"app": "web"}
    assert applied.metadata.managed_fields[0].api_version == "apps/v1"
    assert told == ["extensions/v1beta1 Deployment is deprecated; use apps/v1 Deployment"]


async def test_a_patch_does_not_change_the_version(client: Client) -> None:
    await client.create(codec.from_dict(None, (await client.convert(OLD)).document))
    with pytest.raises(errors.BadRequest, match="does not match the expected API version"):
        await client.patch(registry.DEPLOYMENTS, "web", "default", {"apiVersion": "apps/v1beta1"})


async def test_objects_of_custom_kinds_have_the_versions_of_their_definition(client: Client) -> None:
    await client.create(definition("crontabs", "CronTab", version("v1"), version("v1beta1", storage=False)))
    today = await client.convert(orjson.dumps(cron_tab(api_version=f"{GROUP}/v1beta1")))
    assert today.document["apiVersion"] == f"{GROUP}/v1"
    older = await client.convert(orjson.dumps(today.document), f"{GROUP}/v1beta1")
    assert older.document == today.document | {"apiVersion": f"{GROUP}/v1beta1"}
    with pytest.raises(errors.BadRequest, match="CronTab has no version"):
        await client.convert(orjson.dumps(today.document), f"{GROUP}/v9")


async def test_everyone_who_is_known_may_convert(api: RunningApi) -> None:
    async with api.client(Identity("alice", ())) as alice:
        assert (await alice.convert(OLD)).document["kind"] == "Deployment"
