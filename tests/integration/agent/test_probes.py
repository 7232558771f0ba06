"""Probes of real containers, and what follows from them. Pods here have no network of their own; a listener on the node's
loopback stands in for theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dataplane.agent import probes
from protos.v1 import core_pb2 as core
from tests.integration.agent.harness import FOREVER, Node, container
from tests.support.waiting import eventually

pytestmark = pytest.mark.root


class Web:
    """An HTTP server whose answer the test chooses."""

    status = 200
    paths: list[str]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        self.paths.append(line.decode().split(" ")[1] if line else "")
        writer.write(f"HTTP/1.1 {self.status} Told\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def web() -> AsyncIterator[tuple[Web, int]]:
    served = Web()
    served.paths = []
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    async with server:
        yield served, server.sockets[0].getsockname()[1]


def http(port: int, path: str = "/healthz") -> core.Probe:
    probe = core.Probe(period_seconds=1, failure_threshold=1)
    probe.handler.http_get.path, probe.handler.http_get.host = path, "127.0.0.1"
    probe.handler.http_get.port.int_val = port
    return probe


def command(*words: str, failures: int = 1) -> core.Probe:
    probe = core.Probe(period_seconds=1, failure_threshold=failures)
    probe.handler.exec.command.extend(words)
    return probe


def serving(*ports: int) -> list[core.ContainerPort]:
    return [core.ContainerPort(container_port=port) for port in ports]


async def test_a_pod_that_names_a_port_is_ready_once_it_listens_there(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a service would send requests to a process that has not come to its first `listen`."""
    monkeypatch.setattr(probes, "_LISTEN_SECONDS", 60.0)
    async with node.running():
        await node.client.create(node.pod(containers=[container(ports=serving(8080, 8081))]))
        await node.reaches("Running", ready=False)
        node.network.served = {8080}
        await node.reaches("Running", ready=False)
        node.network.served = {8080, 8081}
        await node.reaches("Running", ready=True)


async def test_a_pod_that_never_listens_at_its_port_is_ready_all_the_same(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_LISTEN_SECONDS", 0.2)
    async with node.running():
        await node.client.create(node.pod(containers=[container(ports=serving(8080))]))
        await node.reaches("Running", ready=True)


async def test_a_pod_is_ready_while_its_readiness_probe_passes(node: Node, web: tuple[Web, int]) -> None:
    served, port = web
    served.status = 503
    async with node.running():
        await node.client.create(node.pod(containers=[container(readiness_probe=http(port))]))
        pod = await node.reaches("Running", ready=False)
        await eventually(lambda: served.paths)
        served.status = 204
        await node.reaches("Running", ready=True)
        served.status = 500
        pod = await node.reaches("Running", ready=False)
        conditions = {condition.type: condition for condition in pod.status.conditions}
        assert conditions["Ready"].reason == "ContainersNotReady"
        assert conditions["Ready"].message == "containers with unready status: [web]"
        told = await node.told("Unhealthy", "503")
        assert told.message == "Readiness probe failed: HTTP probe failed with statuscode: 503"
        assert pod.status.container_statuses[0].restart_count == 0


async def test_a_container_whose_liveness_probe_fails_is_restarted(node: Node) -> None:
    until_sick = container(command=("sh", "-c", "touch /tmp/well; " + FOREVER[2]))
    until_sick.liveness_probe.CopyFrom(command("cat", "/tmp/well"))
    async with node.running() as runtime:
        await node.client.create(node.pod(containers=[until_sick]))
        pod = await node.reaches("Running", ready=True)
        one = pod.status.container_statuses[0].container_id.removeprefix("docker://")
        await runtime.exec(one, ["rm", "/tmp/well"], 5)

        async def restarted() -> bool:
            (status,) = (await node.get()).status.container_statuses
            return status.restart_count == 1 and status.state.HasField("running")

        await eventually(restarted, within=20)
        assert (await node.told("Killing")).message == "Container web failed liveness probe, will be restarted"


async def test_a_container_counts_as_started_when_its_startup_probe_passes(node: Node) -> None:
    slow = container(command=("sh", "-c", "sleep 1.5; touch /tmp/up; " + FOREVER[2]))
    slow.startup_probe.CopyFrom(command("cat", "/tmp/up", failures=30))
    slow.liveness_probe.CopyFrom(command("cat", "/tmp/up"))
    async with node.running():
        await node.client.create(node.pod(containers=[slow]))
        pod = await node.reaches("Running", ready=False)
        assert not pod.status.container_statuses[0].started
        pod = await node.reaches("Running", ready=True)
        assert pod.status.container_statuses[0].started
        assert pod.status.container_statuses[0].restart_count == 0


async def test_a_connection_is_enough_for_a_tcp_probe(node: Node, web: tuple[Web, int]) -> None:
    probe = core.Probe(period_seconds=1)
    probe.handler.tcp_socket.host = "127.0.0.1"
    probe.handler.tcp_socket.port.type, probe.handler.tcp_socket.port.str_val = 1, "http"
    one = container(readiness_probe=probe, ports=[core.ContainerPort(name="http", container_port=web[1])])
    async with node.running():
        await node.client.create(node.pod(containers=[one]))
        await node.reaches("Running", ready=True)
