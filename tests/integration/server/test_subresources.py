"""Parts of objects that are updated by themselves, and what a write leaves to the server."""

from __future__ import annotations

import pytest

from controlplane.api import codec, errors, registry
from controlplane.client.client import Client
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod


def volume() -> core.PersistentVolume:
    made = core.PersistentVolume()
    made.metadata.name = "disk"
    made.spec.capacity["storage"].string = "1Gi"
    made.spec.access_modes.append("ReadWriteOnce")
    made.spec.persistent_volume_source.host_path.path = "/data"
    made.status.phase = "Bound"
    return made


class TestEphemeralContainers:
    async def test_one_is_added_with_its_defaults_and_stays(self, client: Client) -> None:
        pod = await client.create(make_pod(name="a"))
        patch = {"spec": {"ephemeralContainers": [{"name": "shell", "image": "busybox:1"}]}}
        await client.patch(registry.PODS, "a", "default", patch, subresource="ephemeralcontainers")
        stored = await client.get(registry.PODS, "a", "default")
        (added,) = stored.spec.ephemeral_containers
        assert added.ephemeral_container_common.image_pull_policy == "IfNotPresent"
        assert stored.spec.containers == pod.spec.containers
        del stored.spec.ephemeral_containers[:]
        with pytest.raises(errors.Invalid, match='existing ephemeral containers "shell" may not be removed'):
            await client.update(stored, subresource="ephemeralcontainers")

    async def test_they_are_checked_as_containers_are(self, client: Client) -> None:
        await client.create(make_pod(name="a"))
        patch = {"spec": {"ephemeralContainers": [{"name": "web", "image": ""}]}}
        with pytest.raises(errors.Invalid) as refused:
            await client.patch(registry.PODS, "a", "default", patch, subresource="ephemeralcontainers")
        assert {problem.path for problem in refused.value.problems} == {
            "spec.ephemeralContainers[0].image", "spec.ephemeralContainers[0].name"
        }  # fmt: skip

    async def test_the_pod_itself_cannot_bring_them(self, client: Client) -> None:
        pod = make_pod(name="a")
        pod.spec.ephemeral_containers.add().ephemeral_container_common.name = "shell"
        with pytest.raises(errors.Invalid, match=r"spec\.ephemeralContainers: Forbidden: cannot be set on create"):
            await client.create(pod)


class TestFinalize:
    async def test_a_namespace_goes_when_its_last_finalizer_does(self, client: Client) -> None:
        namespace = core.Namespace()
        namespace.metadata.name = "shop"
        await client.create(namespace)
        await client.delete(registry.NAMESPACES, "shop")
        ending = await client.get(registry.NAMESPACES, "shop")
        assert ending.status.phase == "Terminating"
        del ending.spec.finalizers[:]
        await client.update(ending, subresource="finalize")
        with pytest.raises(errors.NotFound):
            await client.get(registry.NAMESPACES, "shop")

    async def test_a_finalizer_has_a_name_of_the_known_form(self, client: Client) -> None:
        namespace = await client.get(registry.NAMESPACES, "default")
        namespace.spec.finalizers.append("mine")
        with pytest.raises(errors.Invalid, match="name is neither a standard finalizer name nor is it fully qualified"):
            await client.update(namespace, subresource="finalize")


async def test_a_part_that_a_kind_does_not_have_is_not_found(client: Client) -> None:
    pod = await client.create(make_pod(name="a"))
    with pytest.raises(errors.NotFound, match='pods has no subresource "finalize"'):
        await client.update(pod, subresource="finalize")


async def test_a_new_volume_waits_whatever_its_maker_says(client: Client) -> None:
    made = await client.create(volume())
    assert made.status.phase == "Pending"
    assert made.status.HasField("last_phase_transition_time")
    assert made.spec.persistent_volume_reclaim_policy == "Retain"


async def test_a_services_type_can_be_patched_alone(client: Client) -> None:
    doc = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    service = codec.from_dict(registry.SERVICES, doc)
    assert isinstance(service, core.Service)
    made = await client.create(service)
    assert made.spec.ports[0].node_port
    await client.patch(registry.SERVICES, "web", "default", {"spec": {"type": "ClusterIP"}})
    changed = await client.get(registry.SERVICES, "web", "default")
    assert (changed.spec.type, changed.spec.ports[0].node_port) == ("ClusterIP", 0)
    assert changed.spec.cluster_ip == made.spec.cluster_ip
    await client.patch(
        registry.SERVICES, "web", "default", {"spec": {"type": "ExternalName", "externalName": "example.com"}}
    )
    assert not (await client.get(registry.SERVICES, "web", "default")).spec.cluster_ip
