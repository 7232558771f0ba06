"""Pods on a real node: from the API to Docker and back."""

from __future__ import annotations

import time

import pytest

from controlplane.api import registry
from controlplane.client.writes import delete_options
from protos.v1 import core_pb2 as core
from tests.integration.agent.harness import FOREVER, Node, container
from tests.support.waiting import eventually

pytestmark = pytest.mark.root


async def test_a_node_registers_itself_and_is_ready_once_it_has_a_range(node: Node) -> None:
    async with node.running():

        async def ready() -> core.Node | None:
            seen = await node.client.get(registry.NODES, node.name)
            told = {condition.type: condition for condition in seen.status.conditions}
            return seen if told["Ready"].status == "True" else None

        seen = await eventually(ready)
        assert seen is not None
        assert seen.metadata.labels["kubernetes.io/hostname"] == node.name
        assert {"cpu", "memory", "ephemeral-storage", "pods"} <= set(seen.status.capacity)
        assert seen.status.node_info.container_runtime_version.startswith("docker://")
        assert [(one.type, one.address) for one in seen.status.addresses] == [
            ("InternalIP", "127.0.0.1"),
            ("Hostname", node.name),
        ]
        lease = await node.client.get(registry.LEASES, node.name, "kube-node-lease")
        assert lease.spec.holder_identity == node.name


async def test_a_pod_runs_is_ready_and_tells_everything_about_itself(node: Node) -> None:
    async with node.running():
        began = time.monotonic()
        await node.client.create(node.pod())
        pod = await node.reaches("Running", ready=True)
        print(f"pod started after {(time.monotonic() - began) * 1000:.0f} ms")
        status = pod.status
        assert status.pod_ip == node.network.given[pod.metadata.uid]
        assert [one.ip for one in status.pod_ips] == [status.pod_ip]
        assert (status.host_ip, status.qos_class) == ("127.0.0.1", "BestEffort")
        conditions = {condition.type: condition.status for condition in status.conditions}
        assert conditions == dict.fromkeys(["PodScheduled", "Initialized", "ContainersReady", "Ready"], "True")
        (web,) = status.container_statuses
        assert (web.ready, web.started, web.restart_count) == (True, True, 0)
        assert web.container_id.startswith("docker://")
        assert web.image_id.startswith("docker://sha256:")
        assert web.state.running.started_at.seconds > 0
        for reason in ("Pulled", "Created", "Started"):
            assert (await node.told(reason)).involved_object.field_path == "spec.containers{web}"


async def test_a_deleted_pod_ends_by_itself_and_leaves_nothing(node: Node) -> None:
    async with node.running() as runtime:
        await node.client.create(node.pod(volumes=[_empty_dir("data")], containers=[_with_volume("data")]))
        pod = await node.reaches("Running", ready=True)
        began = time.monotonic()
        await node.client.delete(registry.PODS, "web", "default")
        await node.gone()
        print(f"pod ended after {(time.monotonic() - began) * 1000:.0f} ms")
        assert await runtime.pods() == []
        assert node.network.unplugged == [pod.metadata.uid]
        assert node.remains() == []
        assert (await node.told("Killing")).message == "Stopping container web"


async def test_a_pod_that_ignores_term_is_killed_when_its_time_is_up(node: Node) -> None:
    deaf = container(command=("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"))
    async with node.running():
        await node.client.create(node.pod(containers=[deaf], termination_grace_period_seconds=1))
        await node.reaches("Running", ready=True)
        began = time.monotonic()
        await node.client.delete(registry.PODS, "web", "default")
        await node.gone()
        assert 0.9 < time.monotonic() - began < 5


async def test_a_pod_deleted_by_force_is_killed_at_once(node: Node) -> None:
    deaf = container(command=("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"))
    async with node.running() as runtime:
        await node.client.create(node.pod(containers=[deaf], termination_grace_period_seconds=60))
        await node.reaches("Running", ready=True)
        await node.client.delete(registry.PODS, "web", "default")
        await node.client.delete(registry.PODS, "web", "default", options=delete_options(grace_seconds=0))

        async def none_left() -> bool:
            return not await runtime.pods()

        await eventually(none_left)


async def test_a_container_that_fails_comes_back_at_once_and_then_with_patience(node: Node) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[container(command=("sh", "-c", "echo run; exit 3"))]))

        async def crash_loop() -> core.ContainerStatus | None:
            statuses = (await node.get()).status.container_statuses
            return next((one for one in statuses if one.state.waiting.reason == "CrashLoopBackOff"), None)

        status = await eventually(crash_loop)
        assert status is not None
        pod = await node.get()
        named = f"web_default({pod.metadata.uid})"
        assert status.state.waiting.message == f"back-off 10s restarting failed container=web pod={named}"
        assert (status.last_state.terminated.exit_code, status.last_state.terminated.reason) == (3, "Error")
        assert status.restart_count == 1
        assert pod.status.phase == "Running"


async def test_a_pod_that_need_not_run_again_succeeds_or_fails(node: Node) -> None:
    async with node.running() as runtime:
        for name, code, phase in (("good", 0, "Succeeded"), ("bad", 7, "Failed")):
            command = ("sh", "-c", f"exit {code}")
            await node.client.create(node.pod(name, containers=[container(command=command)], restart_policy="Never"))
            pod = await node.reaches(phase, name)
            assert pod.status.container_statuses[0].state.terminated.exit_code == code

        async def no_sandboxes() -> bool:
            records = [await runtime.observe(pod) for pod in await runtime.pods()]
            return len(records) == 2 and not any(record.sandboxes for record in records)

        await eventually(no_sandboxes)
        assert node.network.given == {}


async def test_init_containers_run_one_after_the_other_before_the_others(node: Node) -> None:
    mount = core.VolumeMount(name="data", mount_path="/data")

    def says(name: str, text: str) -> core.Container:
        return container(name, ("sh", "-c", f"echo {text} >> /data/log; sleep 0.1"), volume_mounts=[mount])

    main = container("main", ("sh", "-c", "echo main >> /data/log; cat /data/log; " + FOREVER[2]), volume_mounts=[mount])
    async with node.running():
        await node.client.create(
            node.pod(init_containers=[says("a", "first"), says("b", "second")], containers=[main],
                     volumes=[_empty_dir("data")])
        )  # fmt: skip
        pod = await node.reaches("Running", ready=True)
        assert [one.state.terminated.reason for one in pod.status.init_container_statuses] == ["Completed", "Completed"]

        async def told_in_order() -> bool:
            log = b"".join([piece async for piece in node.client.logs("web", "default")])
            assert log == b"first\nsecond\nmain\n"
            return True

        await eventually(told_in_order)


async def test_an_image_that_cannot_be_had_is_told_in_the_status(node: Node) -> None:
    missing = container()
    missing.image = "127.0.0.1:1/none/none:1"
    never = container("never")
    never.image, never.image_pull_policy = "orlop-test/none:1", "Never"
    async with node.running():
        await node.client.create(node.pod(containers=[missing, never]))

        async def reasons() -> bool:
            statuses = (await node.get()).status.container_statuses
            return {one.name: one.state.waiting.reason for one in statuses} == {
                "web": "ErrImagePull",
                "never": "ErrImageNeverPull",
            }

        await eventually(reasons)
        assert (await node.get()).status.phase == "Pending"
        assert "connection refused" in (await node.told("Failed")).message or await node.told("Failed")


async def test_a_volume_that_this_node_does_not_have_keeps_the_pod_waiting(node: Node) -> None:
    volume = core.Volume(name="data")
    volume.volume_source.host_path.path, volume.volume_source.host_path.type = "/nowhere/at/all", "Directory"
    async with node.running():
        await node.client.create(node.pod(volumes=[volume], containers=[_with_volume("data")]))
        event = await node.told("FailedMount")
        assert "hostPath type check failed: /nowhere/at/all is not a directory" in event.message
        status = (await node.get()).status
        assert status.container_statuses[0].state.waiting.reason == "ContainerCreating"


async def test_a_container_that_must_not_be_root_does_not_run_as_root(node: Node) -> None:
    pod = node.pod()
    pod.spec.security_context.run_as_non_root = True

    async def refused() -> bool:
        statuses = (await node.get()).status.container_statuses
        waiting = statuses[0].state.waiting if statuses else core.ContainerStateWaiting()
        return waiting.message.startswith("container has runAsNonRoot and image will run as root")

    async with node.running():
        await node.client.create(pod)
        await eventually(refused)


async def test_environment_and_files_come_from_config_maps_secrets_and_the_pod(node: Node) -> None:
    await node.client.create(_named(core.ConfigMap(data={"COLOUR": "red", "file": "text\n"}), "settings"))
    await node.client.create(_named(core.Secret(data={"word": b"hush"}), "hidden"))
    env = [
        core.EnvVar(name="WORD", value_from=core.EnvVarSource(secret_key_ref=core.SecretKeySelector(
            local_object_reference=core.LocalObjectReference(name="hidden"), key="word"))),
        core.EnvVar(name="IP", value_from=core.EnvVarSource(field_ref=core.ObjectFieldSelector(field_path="status.podIP"))),
        core.EnvVar(name="BOTH", value="$(WORD)-$$(WORD)"),
    ]  # fmt: skip
    settings = core.LocalObjectReference(name="settings")
    all_of_it = core.EnvFromSource(config_map_ref=core.ConfigMapEnvSource(local_object_reference=settings))
    volume = core.Volume(name="config")
    volume.volume_source.config_map.local_object_reference.name = "settings"
    told = "echo $COLOUR $WORD $IP $BOTH $(COLOUR); cat /config/file; " + FOREVER[2]
    one = container(command=("sh", "-c", told), env=env, env_from=[all_of_it],
                    volume_mounts=[core.VolumeMount(name="config", mount_path="/config")])  # fmt: skip
    async with node.running():
        await node.client.create(node.pod(containers=[one], volumes=[volume]))
        pod = await node.reaches("Running", ready=True)
        log = b"".join([piece async for piece in node.client.logs("web", "default")])
        assert log.decode() == f"red hush {pod.status.pod_ip} hush-$(WORD) red\ntext\n"


async def test_a_missing_config_map_is_waited_for(node: Node) -> None:
    later = core.LocalObjectReference(name="later")
    wanted = core.EnvFromSource(config_map_ref=core.ConfigMapEnvSource(local_object_reference=later))
    async with node.running():
        await node.client.create(node.pod(containers=[container(env_from=[wanted])]))

        async def waits() -> bool:
            statuses = (await node.get()).status.container_statuses
            waiting = statuses[0].state.waiting if statuses else core.ContainerStateWaiting()
            return (waiting.reason, waiting.message) == ("CreateContainerConfigError", 'configmap "later" not found')

        await eventually(waits)
        await node.client.create(_named(core.ConfigMap(data={"A": "1"}), "later"))
        await node.reaches("Running", ready=True)


def _named(obj: core.ConfigMap | core.Secret, name: str) -> core.ConfigMap | core.Secret:
    obj.metadata.name, obj.metadata.namespace = name, "default"
    return obj


def _empty_dir(name: str) -> core.Volume:
    volume = core.Volume(name=name)
    volume.volume_source.empty_dir.SetInParent()
    return volume


def _with_volume(name: str) -> core.Container:
    return container(volume_mounts=[core.VolumeMount(name=name, mount_path="/data")])
