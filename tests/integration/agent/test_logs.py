"""Containers' output through the API server, and who may ask the agent for it."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.server.pki import Identity
from tests.integration.agent.harness import Node, container
from tests.support.server import ADMIN
from tests.support.waiting import eventually

pytestmark = pytest.mark.root


async def read(client: Client, **options: object) -> bytes:
    return b"".join([piece async for piece in client.logs("web", "default", **options)])  # type: ignore[arg-type]


async def crashed(node: Node) -> None:
    async def check() -> bool:
        statuses = (await node.get()).status.container_statuses
        return any(status.state.waiting.reason == "CrashLoopBackOff" for status in statuses)

    await eventually(check)


def agent_client(node: Node, who: Identity) -> Client:
    """A client that goes to the agent directly."""
    link = node.api.connection(who)
    return Client(Connection(f"127.0.0.1:{node.port}", link.ca, link.certificate, link.key, server_name=node.name))


async def test_output_is_followed_until_the_container_ends(node: Node) -> None:
    talks = container(command=("sh", "-c", "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done"))
    async with node.running():
        await node.client.create(node.pod(containers=[talks]))
        await node.reaches("Running", ready=True)
        heard = bytearray()

        async def follow() -> None:
            async for piece in node.client.logs("web", "default", follow=True):
                heard.extend(piece)

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(follow())
            await eventually(lambda: bytes(heard) == b"hello\n")
            await node.client.delete(registry.PODS, "web", "default")
        assert bytes(heard) == b"hello\nbye\n"


async def test_the_previous_run_s_output_is_kept(node: Node) -> None:
    counts = container(command=("sh", "-c", "echo run $(cat /data/n 2>/dev/null || echo 0); echo 1 >> /data/n; exit 1"))
    counts.volume_mounts.add(name="data", mount_path="/data")
    pod = node.pod(containers=[counts])
    pod.spec.volumes.add(name="data").volume_source.empty_dir.SetInParent()
    async with node.running():
        await node.client.create(pod)
        await crashed(node)
        assert (await read(node.client)).endswith(b"run 1\n")
        assert (await read(node.client, previous=True)).endswith(b"run 0\n")


async def test_a_container_that_never_ran_has_no_output_and_says_why(node: Node) -> None:
    missing = container()
    missing.image = "127.0.0.1:1/none/none:1"
    async with node.running():
        await node.client.create(node.pod(containers=[missing]))

        async def waits() -> bool:
            statuses = (await node.get()).status.container_statuses
            return bool(statuses) and statuses[0].state.waiting.reason in ("ErrImagePull", "ImagePullBackOff")

        await eventually(waits)
        with pytest.raises(errors.BadRequest, match=r'container "web" in pod "web" is waiting to start: .*Pull'):
            await read(node.client)
        with pytest.raises(errors.BadRequest, match='previous terminated container "web" in pod "web" not found'):
            await read(node.client, previous=True)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [(ADMIN, True), (Identity("kube-apiserver"), True), (Identity("system:node:other", ("system:nodes",)), False),
     (Identity("jane", ("developers",)), False)],
    ids=["administrator", "API server", "another node", "anybody"],
)  # fmt: skip
async def test_only_the_api_server_and_administrators_may_ask_the_agent(node: Node, who: Identity, *, allowed: bool) -> None:
    async with node.running():
        await node.client.create(node.pod(containers=[container(command=("sh", "-c", "echo secret; sleep 60"))]))
        await node.reaches("Running", ready=True)
        async with agent_client(node, who) as client:
            if allowed:
                assert await read(client) == b"secret\n"
            else:
                with pytest.raises(errors.Forbidden):
                    await read(client)
        anonymous = Connection(f"127.0.0.1:{node.port}", node.api.connection().ca, server_name=node.name)
        async with Client(anonymous) as client:
            with pytest.raises(errors.Unavailable):
                await read(client)
