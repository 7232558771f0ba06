"""Volumes of files on a real node: what containers find in them, and how it changes under them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from dataplane.runtime.docker_runtime import DockerRuntime
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.integration.agent.harness import FOREVER, Node, container, root_ca
from tests.support.waiting import eventually

pytestmark = pytest.mark.root

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass
class Inside:
    """A container, as who is in it sees it."""

    runtime: DockerRuntime

    async def run(self, script: str, name: str = "web") -> str:
        for pod in await self.runtime.pods():
            if pod.name == name:
                (run, *_) = (await self.runtime.observe(pod)).containers
                result = await self.runtime.exec(run.id, ("sh", "-c", script), 10)
                return result.output.decode()
        raise AssertionError(f"no pod {name}")

    async def becomes(self, script: str, output: str) -> None:
        async def check() -> bool:
            seen = await self.run(script)
            assert seen == output, seen
            return True

        await eventually(check)


def named(obj: core.ConfigMap | core.Secret, name: str) -> core.ConfigMap | core.Secret:
    obj.metadata.CopyFrom(meta.ObjectMeta(name=name, namespace="default"))
    return obj


def mounting(*mounts: tuple[str, str, str], **more: object) -> core.Container:
    """Mounts as name, path and subPath."""
    return container(
        volume_mounts=[core.VolumeMount(name=name, mount_path=path, sub_path=sub) for name, path, sub in mounts], **more
    )


def projected(*sources: core.VolumeProjection, name: str = "all") -> core.Volume:
    volume = core.Volume(name=name)
    volume.volume_source.projected.sources.extend(sources)
    return volume


def of_config_map(name: str, *, optional: bool = False) -> core.VolumeProjection:
    reference = core.LocalObjectReference(name=name)
    return core.VolumeProjection(config_map=core.ConfigMapProjection(local_object_reference=reference, optional=optional))


def of_secret(name: str) -> core.VolumeProjection:
    return core.VolumeProjection(secret=core.SecretProjection(local_object_reference=core.LocalObjectReference(name=name)))


def of_token(path: str, *, audience: str = "", seconds: int = 3607) -> core.VolumeProjection:
    token = core.ServiceAccountTokenProjection(path=path, audience=audience, expiration_seconds=seconds)
    return core.VolumeProjection(service_account_token=token)


def downward() -> core.Volume:
    volume = core.Volume(name="info")
    items = volume.volume_source.downward_api.items
    items.add(path="labels").field_ref.field_path = "metadata.labels"
    items.add(path="tier").field_ref.field_path = "metadata.labels['tier']"
    amount = items.add(path="memory").resource_field_ref
    amount.container_name, amount.resource, amount.divisor.string = "web", "limits.memory", "1Mi"
    return volume


@contextlib.asynccontextmanager
async def client_with(node: Node, token: str) -> AsyncIterator[Client]:
    async with node.api.token_client(token) as client:
        yield client


async def who_is(node: Node, token: str) -> authentication.UserInfo:
    async with client_with(node, token) as client:
        return (await client.create(authentication.SelfSubjectReview())).status.user_info


async def test_a_program_finds_its_token_the_authority_and_its_namespace(node: Node) -> None:
    """All that a client library needs in a pod that says nothing of it."""
    async with node.running() as runtime:
        await node.client.create(node.pod())
        pod = await node.reaches("Running", ready=True)
        inside = Inside(runtime)
        token = await inside.run(f"cat {ACCOUNT}/token")
        authority = await inside.run(f"cat {ACCOUNT}/ca.crt")
        assert await inside.run(f"cat {ACCOUNT}/namespace") == "default"
        async with Client(Connection(node.api.token_connection("").address, authority.encode(), token=token)) as client:
            user = (await client.create(authentication.SelfSubjectReview())).status.user_info
        assert user.username == "system:serviceaccount:default:default"
        assert list(user.extra["authentication.kubernetes.io/pod-name"].items) == ["web"]
        assert list(user.extra["authentication.kubernetes.io/pod-uid"].items) == [pod.metadata.uid]
        assert list(user.extra["authentication.kubernetes.io/node-name"].items) == [node.name]
        assert "Read-only file system" in await inside.run(f"echo mine > {ACCOUNT}/token 2>&1; true")
        await node.client.delete(registry.PODS, "web", "default")
        await node.gone()
        assert node.remains() == []
        with pytest.raises(errors.Unauthorized):
            await who_is(node, token)


async def test_a_pod_that_comes_before_its_authority_waits_for_it(node: Node) -> None:
    """As right after a namespace has been made."""
    await node.client.delete(registry.CONFIG_MAPS, "kube-root-ca.crt", "default")
    async with node.running() as runtime:
        await node.client.create(node.pod())
        event = await node.told("FailedMount")
        (volume,) = (await node.get()).spec.volumes
        assert event.message == (
            f'MountVolume.SetUp failed for volume "{volume.name}" : configmap "kube-root-ca.crt" not found'
        )
        assert (await node.get()).status.container_statuses[0].state.waiting.reason == "ContainerCreating"
        await node.client.create(root_ca(node.api))
        await node.reaches("Running", ready=True)
        assert "BEGIN CERTIFICATE" in await Inside(runtime).run(f"cat {ACCOUNT}/ca.crt")


async def test_a_pod_whose_account_is_gone_is_told_why_it_waits(node: Node) -> None:
    await node.client.create(core.ServiceAccount(metadata=meta.ObjectMeta(name="robot", namespace="default")))
    await node.client.create(node.pod(service_account_name="robot"))
    await node.client.delete(registry.SERVICE_ACCOUNTS, "robot", "default")
    async with node.running():
        event = await node.told("FailedMount", "failed to fetch token")
        assert 'serviceaccounts "robot" not found' in event.message
        await node.client.create(core.ServiceAccount(metadata=meta.ObjectMeta(name="robot", namespace="default")))
        await node.reaches("Running", ready=True)


async def test_files_follow_what_they_come_from_unless_mounted_by_themselves(node: Node) -> None:
    settings = await node.client.create(named(core.ConfigMap(data={"colour": "red", "old": "x"}), "settings"))
    hidden = await node.client.create(named(core.Secret(data={"word": b"hush"}), "hidden"))
    plain = core.Volume(name="plain")
    plain.volume_source.config_map.local_object_reference.name = "settings"
    everything = projected(of_config_map("settings"), of_secret("hidden"), of_config_map("later", optional=True))
    web = mounting(("all", "/all", ""), ("plain", "/plain", ""), ("plain", "/single", "colour"), ("info", "/info", ""))
    web.resources.limits["memory"].string = "64Mi"
    pod = node.pod(containers=[web], volumes=[everything, plain, downward()])
    pod.metadata.labels["tier"] = "front"
    async with node.running() as runtime:
        await node.client.create(pod)
        await node.reaches("Running", ready=True)
        inside = Inside(runtime)
        assert await inside.run("cat /all/colour /all/word /plain/colour /single; ls /all") == (
            "redhushredred" + "colour\nold\nword\n"
        )
        assert await inside.run("cat /info/labels; echo; cat /info/tier /info/memory") == 'tier="front"\nfront64'

        settings.data["colour"] = "blue"
        del settings.data["old"]
        await node.client.update(settings)
        hidden.data["word"] = b"loud"
        await node.client.update(hidden)
        await node.client.create(named(core.ConfigMap(data={"new": "1"}), "later"))
        await node.client.patch(registry.PODS, "web", "default", {"metadata": {"labels": {"tier": "back"}}})
        await inside.becomes("cat /all/colour /all/word; ls /all", "blueloudcolour\nnew\nword\n")
        await inside.becomes("cat /plain/colour /single; ls /plain", "bluered" + "colour\n")
        await inside.becomes("cat /info/labels /info/tier", 'tier="back"back')


async def test_what_is_deleted_stays_as_it_was_for_those_that_run(node: Node) -> None:
    await node.client.create(named(core.ConfigMap(data={"colour": "red"}), "settings"))
    volumes = [projected(of_config_map("settings"), name="lost"), downward()]
    async with node.running() as runtime:
        await node.client.create(
            node.pod(containers=[mounting(("lost", "/lost", ""), ("info", "/info", ""))], volumes=volumes)
        )
        await node.reaches("Running", ready=True)
        await node.client.delete(registry.CONFIG_MAPS, "settings", "default")
        await node.told("FailedMount", 'configmap "settings" not found')
        await node.client.patch(registry.PODS, "web", "default", {"metadata": {"labels": {"tier": "back"}}})
        await Inside(runtime).becomes("cat /lost/colour /info/tier", "redback")


async def test_a_user_that_is_not_root_reads_what_is_the_groups(node: Node) -> None:
    await node.client.create(named(core.Secret(data={"word": b"hush"}), "hidden"))
    volume = projected(of_secret("hidden"), of_token("token", audience="vault", seconds=600))
    volume.volume_source.projected.default_mode = 0o400
    context = core.PodSecurityContext(run_as_user=1234, fs_group=4321)
    pod = node.pod(containers=[mounting(("all", "/all", ""))], volumes=[volume], security_context=context)
    async with node.running() as runtime:
        await node.client.create(pod)
        await node.reaches("Running", ready=True)
        inside = Inside(runtime)
        assert await inside.run("id -u; cat /all/word; stat -Lc ' %a %u %g' /all/word /all/token") == (
            "1234\nhush 440 0 4321\n 640 1234 4321\n"
        )
        review = authentication.TokenReview()
        review.spec.token, review.spec.audiences[:] = await inside.run("cat /all/token"), ["vault"]
        status = (await node.client.create(review)).status
        assert (status.authenticated, status.user.username) == (True, "system:serviceaccount:default:default")


async def test_a_new_agent_goes_on_with_the_volumes_that_it_finds(node: Node) -> None:
    settings = await node.client.create(named(core.ConfigMap(data={"colour": "red"}), "settings"))
    pod = node.pod(containers=[mounting(("all", "/all", ""))], volumes=[projected(of_config_map("settings"))])
    tell = f"cat {ACCOUNT}/token"
    async with node.running() as runtime:
        await node.client.create(pod)
        await node.reaches("Running", ready=True)
        token = await Inside(runtime).run(tell)
    settings.data["colour"] = "blue"
    await node.client.update(settings)
    async with node.running() as runtime:
        inside = Inside(runtime)
        await inside.becomes("cat /all/colour", "blue")
        assert await inside.run(tell) == token
    async with node.running(ahead_seconds=3000) as runtime:

        async def renewed() -> str:
            fresh = await Inside(runtime).run(tell)
            return fresh if fresh != token else ""

        fresh = await eventually(renewed)
        assert (await who_is(node, fresh)).username == "system:serviceaccount:default:default"
        record = await runtime.observe((await runtime.pods())[0])
        assert len(record.containers) == 1


async def test_a_pod_that_has_ended_keeps_its_files_and_starts_no_more_work(node: Node) -> None:
    settings = await node.client.create(named(core.ConfigMap(data={"colour": "red"}), "settings"))
    once = container(command=("cat", "/all/colour"), volume_mounts=[core.VolumeMount(name="all", mount_path="/all")])
    pod = node.pod(containers=[once], volumes=[projected(of_config_map("settings"))], restart_policy="Never")
    other = node.pod("other", containers=[mounting(("all", "/all", ""))], volumes=[projected(of_config_map("settings"))])
    async with node.running() as runtime:
        await node.client.create(pod)
        ended = await node.reaches("Succeeded")
        await node.client.create(other)
        await node.reaches("Running", "other", ready=True)
        settings.data["colour"] = "blue"
        await node.client.update(settings)

        async def other_follows() -> bool:
            return await Inside(runtime).run("cat /all/colour", "other") == "blue"

        await eventually(other_follows)
        kept = node.state / "volumes" / ended.metadata.uid / "all" / "colour"
        assert kept.read_text() == "red"


async def test_a_container_that_starts_again_has_the_single_file_as_it_is_then(node: Node) -> None:
    settings = await node.client.create(named(core.ConfigMap(data={"colour": "red"}), "settings"))
    plain = core.Volume(name="plain")
    plain.volume_source.config_map.local_object_reference.name = "settings"
    once = mounting(
        ("plain", "/single", "colour"), ("plain", "/all", ""), command=("sh", "-c", "cat /single; " + FOREVER[2])
    )
    async with node.running() as runtime:
        await node.client.create(node.pod(containers=[once], volumes=[plain]))
        await node.reaches("Running", ready=True)
        settings.data["colour"] = "blue"
        await node.client.update(settings)
        inside = Inside(runtime)
        await inside.becomes("cat /single /all/colour", "redblue")
        (run,) = (await runtime.observe((await runtime.pods())[0])).containers
        await runtime.signal(run.id, "SIGKILL")

        async def again() -> bool:
            status = (await node.get()).status.container_statuses[0]
            return status.restart_count == 1 and status.state.HasField("running")

        await eventually(again)
        await inside.becomes("cat /single", "blue")
