"""The console against the live cluster: driven by keys, judged by what stands on the screen and in the cluster."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from console.kubeconfig import load
from console.tui.app import ConsoleApp
from console.tui.model.summary import Identity
from controlplane.api import registry
from controlplane.client.client import Client
from tests.console.driving import Driver
from tests.e2e.cluster import Cluster
from tests.support.waiting import eventually_sync

NAME = "kiosk"


@contextlib.asynccontextmanager
async def console(cluster: Cluster) -> AsyncIterator[tuple[Driver, Client]]:
    connection = load(cluster.env["KUBECONFIG"]).connection()
    app = ConsoleApp(lambda: Client(connection), identity=Identity("orlop", "admin", "v0.1.0"))
    async with Client(connection) as client, app.run_test(size=(150, 40)) as pilot:
        yield Driver(app, pilot, None), client


async def test_an_operator_scales_rolls_watches_and_undoes(cluster: Cluster, images: dict[str, str]) -> None:
    cluster.orlop("create", "deployment", NAME, "--image", images["v1"], "--replicas", "2", "--port", "8080")
    try:
        async with console(cluster) as (driver, client):
            await driver.sees("nodes 2/2", "● live", within=20)
            await driver.command("deploy")
            await driver.sees(NAME, "2/2", within=30)

            await driver.press("s")
            await driver.sees(f"scale deploy/{NAME}", "replicas, now 2")
            await driver.type("3")
            await driver.press("enter")
            await driver.sees(f"deploy/{NAME} scaled to 3", "3/3", within=30)

            await driver.press("i")
            await driver.sees(f"image of deploy/{NAME}")
            await driver.press("backspace")
            await driver.type("2")
            await driver.press("enter")
            await driver.sees(f"rollout  deploy/{NAME}", "rev 1 → 2", within=10)
            await driver.sees("● rolled out", "never under 3 of 3", f"{images['v1']} → {images['v2']}", within=60)
            assert await image_of(client) == images["v2"]

            await driver.press("u")
            await driver.sees("● rolled out", "rev 3", within=60)
            assert await image_of(client) == images["v1"]
            assert len((await client.list(registry.REPLICA_SETS, "default", labels=f"app={NAME}")).items) == 2
    finally:
        cluster.orlop("delete", "deployment", NAME)


async def image_of(client: Client) -> str:
    deployment = await client.get(registry.DEPLOYMENTS, NAME, "default")
    return deployment.spec.template.spec.containers[0].image


async def test_logs_description_and_deletion_are_a_key_away(cluster: Cluster, images: dict[str, str]) -> None:
    script = "trap 'exit 0' TERM; echo hello from the pod; sleep 60 & wait"
    words = ["--restart", "Never", "--command", "--", "sh", "-c", script]
    cluster.orlop("run", "talker", "--image", images["v1"], *words)
    async with console(cluster) as (driver, _client):
        await driver.command("po /talker")
        await driver.sees("talker", "Running", within=30)
        await driver.press("l")
        await driver.sees("hello from the pod", within=10)
        await driver.press("escape")
        await driver.press("d")
        await driver.sees("Name:", "talker", "Started container", within=10)
        await driver.press("escape")
        await driver.press("ctrl+d")
        await driver.sees("delete")
        await driver.press("tab", "enter")
        await driver.sees_no("Running", within=60)
    eventually_sync(lambda: "talker" not in cluster.orlop("get", "pods", "-o", "name"), within=30)
