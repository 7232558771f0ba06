"""What nothing acts on is refused where that is unsafe, and warned of elsewhere, whoever asks and however."""

from __future__ import annotations

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject
from controlplane.client.client import Client
from controlplane.client.writes import create_write, update_write
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from protos.v1 import networking_pb2 as networking
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_deployment, make_pod
from tests.support.server import RunningApi


async def warnings_of(client: Client, write: wire.WriteRequest) -> list[str]:
    answer = await client._call(client._resources.Batch, wire.BatchRequest(writes=[write]))
    (result,) = answer.results
    assert result.HasField("object"), result
    return list(result.warnings)


def policy() -> networking.NetworkPolicy:
    made = networking.NetworkPolicy()
    made.metadata.name, made.metadata.namespace = "deny", "default"
    return made


async def test_what_is_unsafe_to_ignore_is_refused_at_once(client: Client) -> None:
    deployment = make_deployment(name="web")
    spec = deployment.spec.template.spec
    spec.host_network = True
    spec.volumes.add(name="data").volume_source.nfs.server = "nfs.example.com"
    spec.volumes[0].volume_source.nfs.path = "/export"
    with pytest.raises(errors.Invalid) as refused:
        await client.create(deployment)
    assert [problem.path for problem in refused.value.problems] == [
        "spec.template.spec.volumes[0].nfs", "spec.template.spec.hostNetwork"
    ]  # fmt: skip
    assert {problem.reason for problem in refused.value.problems} == {"FieldValueNotSupported"}


async def test_what_has_no_effect_is_told_to_its_writer(client: Client) -> None:
    pod = make_pod(name="a")
    pod.spec.subdomain = "db"
    assert await warnings_of(client, create_write(pod)) == ["spec.subdomain: there is no cluster DNS yet"]
    assert await warnings_of(client, create_write(policy())) == [
        "NetworkPolicy is stored but not enforced yet: all traffic stays allowed"
    ]


async def test_an_update_is_told_of_what_it_brings(client: Client) -> None:
    await client.create(policy())
    made = await client.get(registry.NETWORK_POLICIES, "deny", "default")
    made.metadata.labels["a"] = "b"
    assert await warnings_of(client, update_write(made)) == []
    service = core.Service()
    service.metadata.name, service.metadata.namespace = "web", "default"
    service.spec.ports.add(port=80)
    stored = await client.create(service)
    stored.spec.session_affinity = "ClientIP"
    assert await warnings_of(client, update_write(stored)) == [
        "spec.sessionAffinity: a client may reach another pod with each connection"
    ]


async def test_a_component_is_not_warned(api: RunningApi) -> None:
    pod: ApiObject = make_pod(name="a")
    assert isinstance(pod, core.Pod)
    pod.spec.subdomain = "db"
    async with api.client(Identity("system:someone", (users.MASTERS,))) as component:
        assert await warnings_of(component, create_write(pod)) == []


async def test_a_client_that_listens_hears_each_warning(api: RunningApi) -> None:
    heard: list[str] = []
    async with Client(api.connection(), warn=heard.append) as client:
        await client.create(policy())
        pod = make_pod(name="a")
        pod.spec.subdomain = "db"
        await client.batch([create_write(pod)])
        await client.get(registry.PODS, "a", "default")
    assert heard == [
        "NetworkPolicy is stored but not enforced yet: all traffic stays allowed",
        "spec.subdomain: there is no cluster DNS yet",
    ]
