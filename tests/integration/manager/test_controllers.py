"""Scheduler and controllers on a real API server and etcd; nodes are hollow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from controlplane.api import errors, objects, registry, rollouts
from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.client.writes import delete_options
from controlplane.controllers.pods import is_active, is_ready
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.scheduler.loop import SchedulerOptions, run_scheduler
from controlplane.server import users
from controlplane.server.pki import Identity
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from tests.support.builders import make_config_map, make_deployment, make_namespace, make_pod, make_service
from tests.support.etcd import RealEtcd
from tests.support.hollow import HollowNodes
from tests.support.server import RunningApi, running
from tests.support.waiting import eventually

GRACE_SECONDS = 3.0


@pytest.fixture
async def nodes(api: RunningApi, client: Client) -> AsyncIterator[HollowNodes]:
    """Two nodes, the scheduler and the controllers, each as who they are."""
    options = ManagerOptions(cluster_cidr="10.244.0.0/16", node_monitor_grace_seconds=GRACE_SECONDS)
    hollow = HollowNodes(client, ["node-1", "node-2"])
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as manager,
        api.client(Identity(users.SCHEDULER)) as scheduler,
        running(hollow.run(), "hollow"),
        running(run_manager(manager, options), "manager"),
        running(run_scheduler(scheduler, SchedulerOptions()), "scheduler"),
    ):
        yield hollow


async def pods_of(client: Client, *, labels: str = "app=web") -> list[core.Pod]:
    listed = await client.list(registry.PODS, "default", labels=labels)
    return [pod for pod in listed.items if not objects.is_terminating(pod)]


async def rolled_out(client: Client, name: str = "web") -> apps.Deployment:
    async def check() -> apps.Deployment:
        deployment = await client.get(registry.DEPLOYMENTS, name, "default")
        message, done = rollouts.status_message(deployment)
        assert done, message
        return deployment

    return await eventually(check, within=20)


async def test_a_deployment_rolls_out_over_both_nodes_and_serves(nodes: HollowNodes, client: Client) -> None:
    await client.create(make_service("web"))
    await client.create(make_deployment("web", replicas=3))
    deployment = await rolled_out(client)
    pods = await pods_of(client)
    assert sorted(Counter(pod.spec.node_name for pod in pods).values()) == [1, 2]
    assert deployment.metadata.annotations[rollouts.REVISION] == "1"
    assert {c.type: (c.status, c.reason) for c in deployment.status.conditions} == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }

    async def served() -> None:
        (found,) = (await client.list(registry.ENDPOINT_SLICES, "default", labels="kubernetes.io/service-name=web")).items
        endpoints = await client.get(registry.ENDPOINTS, "web", "default")
        addresses = {pod.status.pod_ip for pod in pods}
        assert {address for endpoint in found.endpoints for address in endpoint.addresses} == addresses
        assert {address.ip for subset in endpoints.subsets for address in subset.addresses} == addresses

    async def told() -> None:
        events = (await client.list(registry.EVENTS, "default")).items
        seen = Counter((event.source.component, event.reason) for event in events)
        assert seen["deployment-controller", "ScalingReplicaSet"] == 1
        assert seen["replicaset-controller", "SuccessfulCreate"] == 3
        assert seen["default-scheduler", "Scheduled"] == 3

    await eventually(lambda: _holds(served))
    await eventually(lambda: _holds(told))


async def _holds(check: Callable[[], Awaitable[None]]) -> bool:
    """For `eventually`: whether every assertion of `check` holds."""
    await check()
    return True


async def test_an_update_and_its_undo_reuse_the_old_replica_set(nodes: HollowNodes, client: Client) -> None:
    await client.create(make_deployment("web", replicas=3, image="nginx:1"))
    first = await rolled_out(client)
    edited = copy_of(first)
    edited.spec.template.spec.containers[0].image = "nginx:2"
    await eventually(lambda: _updated(client, edited))
    second = await rolled_out(client)
    assert {pod.spec.containers[0].image for pod in await pods_of(client)} == {"nginx:2"}
    sets = (await client.list(registry.REPLICA_SETS, "default")).items
    await eventually(lambda: _updated(client, rollouts.roll_back(second, rollouts.undo_template(second, sets))))
    third = await rolled_out(client)
    assert {pod.spec.containers[0].image for pod in await pods_of(client)} == {"nginx:1"}
    assert third.metadata.annotations[rollouts.REVISION] == "3"
    assert len((await client.list(registry.REPLICA_SETS, "default")).items) == 2


async def _updated(client: Client, deployment: apps.Deployment) -> bool:
    current = await client.get(registry.DEPLOYMENTS, deployment.metadata.name, deployment.metadata.namespace)
    current.spec.CopyFrom(deployment.spec)
    await client.update(current)
    return True


async def test_a_deleted_deployment_takes_everything_along_and_an_orphaning_one_leaves_it(
    nodes: HollowNodes, client: Client
) -> None:
    await client.create(make_deployment("web", replicas=2))
    await client.create(make_deployment("kept", replicas=2))
    await rolled_out(client)
    await rolled_out(client, "kept")
    await client.delete(registry.DEPLOYMENTS, "web", "default")
    await client.delete(registry.DEPLOYMENTS, "kept", "default", options=delete_options(propagation="Orphan"))

    async def settled() -> None:
        assert not (await client.list(registry.DEPLOYMENTS)).items
        (left,) = (await client.list(registry.REPLICA_SETS)).items
        assert left.metadata.name.startswith("kept-")
        assert not left.metadata.owner_references
        assert len((await client.list(registry.PODS)).items) == 2

    await eventually(lambda: _holds(settled), within=20)


async def test_a_silent_nodes_pods_stop_serving_and_are_replaced(nodes: HollowNodes, client: Client) -> None:
    deployment = make_deployment("web", replicas=2)
    for key in ("node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"):
        deployment.spec.template.spec.tolerations.add(key=key, operator="Exists", effect="NoExecute", toleration_seconds=1)
    await client.create(make_service("web"))
    await client.create(deployment)
    await rolled_out(client)
    nodes.silent.add("node-1")

    async def lost() -> None:
        node = await client.get(registry.NODES, "node-1")
        ready = objects.find_condition(node.status.conditions, "Ready")
        assert ready is not None
        assert (ready.status, ready.reason) == ("Unknown", "NodeStatusUnknown")
        assert {(taint.key, taint.effect) for taint in node.spec.taints} == {
            ("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")}  # fmt: skip
        (found,) = (await client.list(registry.ENDPOINT_SLICES, "default")).items
        ready_on = [endpoint.node_name for endpoint in found.endpoints if endpoint.conditions.ready]
        assert ready_on == ["node-2", "node-2"]
        assert [pod.spec.node_name for pod in await pods_of(client)] == ["node-2", "node-2"]

    async def returned() -> None:
        node = await client.get(registry.NODES, "node-1")
        assert not node.spec.taints
        assert len((await client.list(registry.PODS)).items) == 2

    await eventually(lambda: _holds(lost), within=20)
    nodes.wake("node-1")
    await eventually(lambda: _holds(returned), within=20)


async def test_nodes_get_ranges_of_their_own(nodes: HollowNodes, client: Client) -> None:
    async def ranges() -> None:
        found = {node.spec.pod_cidr for node in (await client.list(registry.NODES)).items}
        assert found == {"10.244.0.0/24", "10.244.1.0/24"}

    await eventually(lambda: _holds(ranges))


async def test_a_deleted_node_takes_its_pods_along(nodes: HollowNodes, client: Client) -> None:
    await eventually(nodes.registered.is_set)
    nodes.silent.add("node-2")
    await client.create(make_pod("bare", node="node-2"))
    await client.delete(registry.NODES, "node-2")

    async def gone() -> None:
        assert not (await client.list(registry.PODS)).items

    await eventually(lambda: _holds(gone), within=20)


async def test_a_deleted_namespace_ends_with_all_that_is_in_it(nodes: HollowNodes, client: Client) -> None:
    await client.create(make_namespace("team"))
    await client.create(make_deployment("web", "team", replicas=2))
    await client.create(make_service("web", "team", cluster_ip=""))
    await client.create(make_config_map("settings", "team"))

    async def up() -> None:
        assert len((await client.list(registry.PODS, "team")).items) == 2

    async def gone() -> None:
        assert "team" not in [one.metadata.name for one in (await client.list(registry.NAMESPACES)).items]
        for kind in registry.STORED:
            assert not kind.namespaced or not (await client.list(kind, "team")).items

    await eventually(lambda: _holds(up), within=20)
    await client.delete(registry.NAMESPACES, "team")
    await eventually(lambda: _holds(gone), within=20)


async def test_a_pod_that_fits_nowhere_says_why_and_goes_when_there_is_room(nodes: HollowNodes, client: Client) -> None:
    for name in ("one", "two"):
        await client.create(make_pod(name, requests={"cpu": "3"}))
    await client.create(make_pod("three", requests={"cpu": "3"}))

    async def waits() -> core.Pod:
        waiting = [pod for pod in (await client.list(registry.PODS)).items if not pod.spec.node_name]
        assert len(waiting) == 1
        condition = objects.find_condition(waiting[0].status.conditions, "PodScheduled")
        assert condition is not None
        assert (condition.reason, condition.message) == ("Unschedulable", "0/2 nodes are available: 2 Insufficient cpu.")
        return waiting[0]

    waiting = await eventually(waits, within=20)
    other = "one" if waiting.metadata.name != "one" else "two"
    await client.delete(registry.PODS, other, "default", options=delete_options(grace_seconds=0))

    async def placed() -> bool:
        return bool((await client.get(registry.PODS, waiting.metadata.name, "default")).spec.node_name)

    await eventually(placed, within=20)


async def test_a_manager_that_dies_again_and_again_keeps_what_was_promised(api: RunningApi, client: Client) -> None:
    """Whatever was in its hands when it died, the next one finds out and goes on."""
    hollow = HollowNodes(client, ["node-1", "node-2"])
    fewest, rolled = [100], asyncio.Event()
    pods = Informer(client, registry.PODS)

    def count_available() -> None:
        if rolled.is_set():
            fewest.append(sum(is_active(pod) and is_ready(pod) for pod in pods))

    pods.after_batch(count_available)
    async with (
        running(hollow.run(), "hollow"),
        running(pods.run(), "pods"),
        running(run_scheduler(client, SchedulerOptions()), "scheduler"),
    ):
        await client.create(make_deployment("web", replicas=4, max_surge=1, max_unavailable=1))
        async with running(run_manager(client, ManagerOptions()), "manager"):
            wanted = await rolled_out(client)
        rolled.set()
        for round_number in range(6):
            wanted.spec.template.spec.containers[0].image = f"nginx:{round_number + 2}"
            await eventually(lambda: _updated(client, wanted))
            async with running(run_manager(client, ManagerOptions()), "manager"):
                seen = pods.resource_version
                await eventually(lambda seen=seen: pods.resource_version != seen)
        async with running(run_manager(client, ManagerOptions()), "manager"):
            await rolled_out(client)
        left = await pods_of(client)
        assert {pod.spec.containers[0].image for pod in left} == {"nginx:7"}
        assert len(left) == 4
        assert min(fewest) >= 3


async def test_no_pod_is_made_twice_when_the_store_fails_in_between(
    nodes: HollowNodes, client: Client, etcd: RealEtcd
) -> None:
    """Writes whose outcome nobody knows are not repeated before it is known."""
    pods = Informer(client, registry.PODS)
    most: Counter[str] = Counter()

    def count() -> None:
        active = Counter(pod.metadata.labels["app"] for pod in pods if is_active(pod))
        most.update({app: number - most[app] for app, number in active.items() if number > most[app]})

    pods.after_batch(count)
    await eventually(nodes.registered.is_set)
    async with running(pods.run(), "pods"):
        for number in range(6):
            await client.create(make_deployment(f"web-{number}", replicas=4))
            if number % 2:
                etcd.kill()
                etcd.restart()
                await eventually(lambda: _answers(client), within=30)
        for number in range(6):
            await rolled_out(client, f"web-{number}")
    assert most == {f"web-{number}": 4 for number in range(6)}


async def _answers(client: Client) -> bool:
    try:
        await client.list(registry.NODES)
    except errors.StatusError as error:
        raise AssertionError(str(error)) from error
    return True
