"""The life of a deployment from the command line, with real controllers and simulated nodes."""

from __future__ import annotations

import asyncio

from controlplane.api import registry
from controlplane.client.client import Client
from tests.integration.cli.conftest import Orlop
from tests.support.hollow import HollowNodes
from tests.support.waiting import eventually


async def test_a_deployment_is_rolled_out_changed_and_undone(orlop: Orlop, nodes: HollowNodes) -> None:
    await orlop("create", "deployment", "web", "--image=httpd:1", "--replicas=3", "--port=8080")
    status = await orlop("rollout", "status", "deployment/web")
    assert status.splitlines()[-1] == 'deployment "web" successfully rolled out'
    assert (await orlop("get", "deploy", "web", "--no-headers")).split()[:4] == ["web", "3/3", "3", "3"]

    assert await orlop("set", "image", "deploy/web", "httpd=httpd:2") == "deployment.apps/web image updated\n"
    assert await orlop("set", "image", "deploy/web", "httpd=httpd:2") == ""
    await orlop("rollout", "status", "deploy", "web")
    cause = "kubernetes.io/change-cause=newer httpd"
    assert await orlop("annotate", "deploy/web", cause) == "deployment.apps/web annotated\n"

    async def noted() -> bool:
        return "newer httpd" in await orlop("rollout", "history", "deploy/web")

    await eventually(noted, within=20)
    history = (await orlop("rollout", "history", "deploy/web")).splitlines()
    assert history[:2] == ["deployment.apps/web ", "REVISION  CHANGE-CAUSE"]
    assert [line.split() for line in history[2:4]] == [["1", "<none>"], ["2", "newer", "httpd"]]
    assert "Image:         httpd:1" in await orlop("rollout", "history", "deploy/web", "--revision=1")
    described = await orlop("describe", "deploy", "web")
    assert "OldReplicaSets:  web-" in described
    assert "Scaled up replica set" in described

    assert await orlop("rollout", "undo", "deploy/web") == "deployment.apps/web rolled back\n"
    await orlop("rollout", "status", "deploy/web")
    assert "httpd:1" in await orlop("get", "deploy", "web", "-o", "wide", "--no-headers")
    assert len((await orlop("get", "rs", "-o", "name")).splitlines()) == 2
    told = await orlop("rollout", "undo", "deploy/web", "--to-revision=3")
    assert told == "deployment.apps/web skipped rollback (current template already matches revision 3)\n"


async def test_replicas_are_changed_only_from_the_number_that_is_expected(orlop: Orlop, nodes: HollowNodes) -> None:
    await orlop("create", "deploy", "web", "--image=httpd:1")
    assert await orlop("scale", "deploy", "web", "--replicas=4") == "deployment.apps/web scaled\n"
    await orlop("rollout", "status", "deploy/web")
    told = await orlop.fails("scale", "deploy/web", "--replicas=2", "--current-replicas=3")
    assert told == "error: Expected replicas to be 3, was 4"
    assert len((await orlop("get", "pods", "--no-headers")).splitlines()) == 4


async def test_rollouts_are_paused_resumed_and_restarted(orlop: Orlop, nodes: HollowNodes, client: Client) -> None:
    await orlop("create", "deploy", "web", "--image=httpd:1")
    await orlop("rollout", "status", "deploy/web")
    assert await orlop("rollout", "pause", "deploy/web") == "deployment.apps/web paused\n"
    assert await orlop.fails("rollout", "pause", "deploy/web") == 'error: deployments.apps "web" is already paused'
    assert "can't restart paused deployment" in await orlop.fails("rollout", "restart", "deploy/web")
    assert await orlop("rollout", "resume", "deploy/web") == "deployment.apps/web resumed\n"
    before = await orlop("get", "pods", "-o", "name")
    assert await orlop("rollout", "restart", "deploy/web") == "deployment.apps/web restarted\n"
    await orlop("rollout", "status", "deploy/web")

    async def replaced() -> bool:
        return {pod.metadata.name for pod in (await client.list(registry.PODS, "default")).items}.isdisjoint(
            line.removeprefix("pod/") for line in before.splitlines()
        )

    await eventually(replaced)


async def test_a_rollout_that_does_not_end_is_followed_no_longer_than_asked(orlop: Orlop, nodes: HollowNodes) -> None:
    nodes.silent.update(("node-1", "node-2"))
    await orlop("create", "deploy", "web", "--image=httpd:1")
    told = await orlop.fails("rollout", "status", "deploy/web", "--timeout=3s")
    assert told == "error: timed out waiting for the condition"


async def test_a_service_is_put_before_a_deployment(orlop: Orlop, nodes: HollowNodes) -> None:
    await orlop("create", "deploy", "web", "--image=httpd:1", "--replicas=2", "--port=8080")
    assert await orlop("expose", "deploy", "web", "--port=80", "--target-port=8080") == "service/web exposed\n"
    await orlop("rollout", "status", "deploy/web")

    async def served() -> bool:
        described = await orlop("describe", "svc", "web")
        (endpoints,) = (line for line in described.splitlines() if line.startswith("Endpoints:"))
        return endpoints.count(":8080") == 2

    await eventually(served, within=20)
    listed = await orlop("get", "svc", "web", "-o", "wide", "--no-headers")
    assert listed.split()[1] == "ClusterIP"
    assert listed.split()[4] == "80/TCP"
    assert listed.split()[-1] == "app=web"


async def test_a_node_is_cordoned_and_described(orlop: Orlop, nodes: HollowNodes) -> None:
    assert await orlop("cordon", "node-1") == "node/node-1 cordoned\n"
    assert await orlop("cordon", "node-1") == "node/node-1 already cordoned\n"
    assert "Ready,SchedulingDisabled" in await orlop("get", "nodes")
    await orlop("create", "deploy", "web", "--image=httpd:1", "--replicas=2")
    await orlop("rollout", "status", "deploy/web")
    described = await orlop("describe", "node", "node-2")
    assert "Non-terminated Pods:          (2 in total)" in described
    assert await orlop("uncordon", "node-1") == "node/node-1 uncordoned\n"


async def test_a_deleted_deployment_takes_its_pods_along(orlop: Orlop, nodes: HollowNodes, client: Client) -> None:
    await orlop("create", "deploy", "web", "--image=httpd:1", "--replicas=2")
    await orlop("rollout", "status", "deploy/web")
    await orlop("delete", "deploy", "web")

    async def gone() -> bool:
        return not (await client.list(registry.PODS, "default")).items

    await eventually(gone, within=20)


async def test_get_watch_shows_a_rollout_step_by_step(orlop: Orlop, nodes: HollowNodes) -> None:
    await orlop("create", "deploy", "web", "--image=httpd:1")
    await orlop("rollout", "status", "deploy/web")
    watch = await orlop.start("get", "pods", "-w", "--no-headers")
    assert watch.stdout is not None
    try:
        async with asyncio.timeout(30):
            old = (await watch.stdout.readline()).decode().split()[0]
            await orlop("set", "image", "deploy/web", "httpd=httpd:2")
            seen: list[tuple[str, str]] = []
            while ("old", "Terminating") not in seen:
                name, _, status, *_ = (await watch.stdout.readline()).decode().split()
                seen.append(("old" if name == old else "new", status))
    finally:
        watch.terminate()
        await watch.communicate()
    assert seen[0] == ("new", "Pending")
    assert seen.index(("new", "Running")) < seen.index(("old", "Terminating"))
