"""NodeMetrics and PodMetrics: what agents measure, asked for over gRPC whenever somebody asks the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from controlplane.api import codec, errors, quantity, rbac, registry, times
from controlplane.client.client import Client
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.server import users
from controlplane.server.pki import Identity
from controlplane.server.sources import Sources
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics
from protos.v1 import rbac_pb2
from tests.support.access import grant, rule
from tests.support.agents import Clock, Load, MeasuringAgent, measuring_agent
from tests.support.builders import make_namespace, make_node, make_pod
from tests.support.etcd import RealEtcd
from tests.support.server import RunningApi, running, running_api
from tests.support.waiting import eventually

NODES, PODS = registry.NODE_METRICS, registry.POD_METRICS
KEPT = 10.0


@dataclass
class Cluster:
    """Two nodes: `one` with a pod of two containers and one in another namespace, `two` with a pod."""

    api: RunningApi
    client: Client
    clock: Clock
    one: MeasuringAgent
    two: MeasuringAgent

    async def runs(self, agent: MeasuringAgent, name: str, namespace: str = "default", **loads: Load) -> core.Pod:
        pod = await self.client.create(make_pod(name, namespace, labels={"app": name}, node=agent.name))
        agent.pods[pod.metadata.uid] = loads
        return pod


@pytest.fixture
async def cluster(etcd: RealEtcd) -> AsyncIterator[Cluster]:
    clock = Clock()
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(running_api(etcd, sources=Sources(now=clock)))
        client = await stack.enter_async_context(api.client())
        one = await stack.enter_async_context(measuring_agent(api, "one", clock, Load(1.5, 3 << 30)))
        two = await stack.enter_async_context(measuring_agent(api, "two", clock, Load(0.25, 1 << 30)))
        made = Cluster(api, client, clock, one, two)
        await client.create(make_namespace("shop"))
        await client.create(one.node(disk="ssd"))
        await client.create(two.node(disk="hdd"))
        await made.runs(one, "web", web=Load(0.5, 64 << 20), log=Load(0.001, 1 << 20))
        await made.runs(one, "db", "shop", db=Load(0.0, 10 << 20))
        await made.runs(two, "job", job=Load(0.2, 5 << 20))
        yield made


def cores(usage: meta.Quantity) -> float:
    return float(quantity.parse(usage.string))


def names(found: list[metrics.PodMetrics] | list[metrics.NodeMetrics]) -> list[str]:
    return [one.metadata.name for one in found]


async def test_a_node_s_use_is_told_as_the_metrics_server_tells_it(cluster: Cluster) -> None:
    before = cluster.clock()
    node = await cluster.client.get(NODES, "one")
    assert cores(node.usage["cpu"]) == pytest.approx(1.5, rel=1e-3)
    assert node.usage["cpu"].string.endswith("n")
    assert node.usage["memory"].string == f"{3 << 20}Ki"
    assert node.metadata.labels["disk"] == "ssd"
    assert int(before) <= times.to_seconds(node.metadata.creation_timestamp) <= cluster.clock()
    assert int(before) <= times.to_seconds(node.timestamp) <= cluster.clock()
    assert 1.0 <= node.window.duration / 1e9 < 5.0
    assert codec.to_dict(NODES, node)["window"].endswith("s")


async def test_every_container_of_a_pod_is_told_by_name(cluster: Cluster) -> None:
    pod = await cluster.client.get(PODS, "web", "default")
    assert (pod.metadata.name, pod.metadata.namespace, pod.metadata.labels["app"]) == ("web", "default", "web")
    assert {one.name: cores(one.usage["cpu"]) for one in pod.containers} == pytest.approx(
        {"web": 0.5, "log": 0.001}, rel=1e-3
    )
    memory = {one.name: one.usage["memory"].string for one in pod.containers}
    assert memory == {"web": f"{64 << 10}Ki", "log": f"{1 << 10}Ki"}
    idle = await cluster.client.get(PODS, "db", "shop")
    assert idle.containers[0].usage["cpu"].string == "0"


async def test_lists_are_selected_by_namespace_labels_and_names(cluster: Cluster) -> None:
    client = cluster.client
    assert names((await client.list(NODES)).items) == ["one", "two"]
    assert names((await client.list(NODES, labels="disk=hdd")).items) == ["two"]
    assert names((await client.list(PODS)).items) == ["job", "web", "db"]
    assert names((await client.list(PODS, "default")).items) == ["job", "web"]
    assert names((await client.list(PODS, "default", labels="app in (web, db)")).items) == ["web"]
    assert names((await client.list(PODS, fields="metadata.name=db")).items) == ["db"]
    with pytest.raises(errors.BadRequest, match=r"spec\.nodeName"):
        await client.list(PODS, fields="spec.nodeName=one")


async def test_many_who_ask_cost_the_agents_no_more_than_one(cluster: Cluster) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(cluster.client.list(NODES))
            group.create_task(cluster.client.list(PODS))
    assert (cluster.one.asked, cluster.two.asked) == (2, 2)
    first = (await cluster.client.get(NODES, "one")).timestamp
    cluster.clock.ahead += KEPT
    node = await cluster.client.get(NODES, "one")
    assert (cluster.one.asked, cluster.two.asked) == (3, 2)
    assert node.timestamp.seconds >= first.seconds + KEPT
    assert node.window.duration / 1e9 >= KEPT


async def test_the_next_figures_are_those_of_the_time_since_the_last(cluster: Cluster) -> None:
    await cluster.client.list(PODS)
    await cluster.runs(cluster.one, "new", new=Load(0.3))
    cluster.clock.ahead += KEPT
    found = {one.metadata.name: one for one in (await cluster.client.list(PODS)).items}
    assert cores(found["new"].containers[0].usage["cpu"]) == pytest.approx(0.3, rel=1e-3)
    assert found["new"].window.duration / 1e9 < KEPT <= found["web"].window.duration / 1e9


async def test_after_a_long_silence_figures_are_of_now_and_not_of_the_time_between(cluster: Cluster) -> None:
    await cluster.client.get(NODES, "one")
    cluster.clock.ahead += 3600
    assert (await cluster.client.get(NODES, "one")).window.duration / 1e9 < 5


async def test_a_node_that_does_not_answer_is_left_out_and_the_others_are_not(cluster: Cluster) -> None:
    await cluster.client.create(make_node("never-reported"))
    gone = cluster.one.node()
    gone.metadata.name, gone.status.daemon_endpoints.kubelet_endpoint.port = "gone", 1
    await cluster.client.create(gone)
    cluster.two.stuck = True
    async with asyncio.timeout(8):
        assert names((await cluster.client.list(NODES)).items) == ["one"]
    assert names((await cluster.client.list(PODS)).items) == ["web", "db"]
    with pytest.raises(errors.NotFound, match=r'nodemetrics\.metrics\.k8s\.io "two" not found'):
        await cluster.client.get(NODES, "two")
    with pytest.raises(errors.NotFound, match=r'podmetrics\.metrics\.k8s\.io "default/job" not found'):
        await cluster.client.get(PODS, "job", "default")
    cluster.two.stuck = False
    cluster.clock.ahead += KEPT
    assert names((await cluster.client.list(NODES)).items) == ["one", "two"]


async def test_what_does_not_run_has_no_figures(cluster: Cluster) -> None:
    await cluster.client.create(make_pod("waits"))
    await cluster.client.create(make_pod("starts", node="one"))
    assert names((await cluster.client.list(PODS, "default")).items) == ["job", "web"]
    for name in ("waits", "starts", "none"):
        with pytest.raises(errors.NotFound, match=f'"default/{name}" not found'):
            await cluster.client.get(PODS, name, "default")
    with pytest.raises(errors.NotFound):
        await cluster.client.get(NODES, "none")


async def test_a_pod_made_anew_under_the_same_name_does_not_inherit_figures(cluster: Cluster) -> None:
    await cluster.client.get(PODS, "web", "default")
    options = meta.DeleteOptions(grace_period_seconds=0)
    await cluster.client.delete(registry.PODS, "web", "default", options=options)
    await cluster.client.create(make_pod("web", node="one"))
    await cluster.client.list(registry.PODS, "default")
    with pytest.raises(errors.NotFound):
        await cluster.client.get(PODS, "web", "default")


async def test_who_may_view_edit_or_administer_a_namespace_reads_what_its_pods_use(cluster: Cluster) -> None:
    for role in ("view", "edit", "admin"):
        ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind="ClusterRole", name=role)
        bound = rbac_pb2.RoleBinding(metadata=meta.ObjectMeta(name=role, namespace="shop"), role_ref=ref)
        bound.subjects.add(kind="User", api_group=rbac.GROUP, name=f"may-{role}")
        await cluster.client.create(bound)

    async def read(role: str) -> list[str]:
        async with cluster.api.client(Identity(f"may-{role}")) as somebody:
            with pytest.raises(errors.Forbidden, match=r'cannot list resource "pods" in API group "metrics\.k8s\.io" at'):
                await somebody.list(PODS)
            try:
                return names((await somebody.list(PODS, "shop")).items)
            except errors.Forbidden as refusal:
                return [refusal.message]

    async def all_read() -> bool:
        found = {role: await read(role) for role in ("view", "edit", "admin")}
        assert found == {"view": ["db"], "edit": ["db"], "admin": ["db"]}
        return True

    options = ManagerOptions(cluster_cidr="10.244.0.0/16", node_monitor_grace_seconds=3600)
    manager = cluster.api.client(Identity(users.CONTROLLER_MANAGER))
    async with manager, running(run_manager(manager, options), "manager"):
        await eventually(all_read, within=20)


async def test_who_may_read_one_node_s_figures_reads_that_node_s_only(cluster: Cluster) -> None:
    await grant(cluster.client, "joe", rule("get", "nodes", "metrics.k8s.io", names="one"))
    async with cluster.api.client(Identity("joe")) as joe:
        assert (await joe.get(NODES, "one")).metadata.name == "one"
        with pytest.raises(errors.Forbidden, match=r'cannot get resource "nodes" in API group "metrics\.k8s\.io"'):
            await joe.get(NODES, "two")
        with pytest.raises(errors.Forbidden):
            await joe.list(NODES)
    assert cluster.two.asked == 0


async def test_figures_cannot_be_written(cluster: Cluster) -> None:
    made = metrics.NodeMetrics(metadata=meta.ObjectMeta(name="one"))
    with pytest.raises(errors.MethodNotAllowed, match=r"nodes\.metrics\.k8s\.io does not support create"):
        await cluster.client.create(made)
