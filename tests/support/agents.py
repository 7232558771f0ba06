"""Agents' gRPC servers without nodes behind them: real TLS and real streams, figures as the test wants them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from controlplane.server.pki import Identity, issue
from dataplane.agent.server import credentials, make_server
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2
from tests.support.builders import make_node
from tests.support.server import RunningApi

NANOS = 1_000_000_000


@dataclass
class Clock:
    """The time, and as much later as a test likes."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Load:
    """Something that uses so many cores all the time, and so much memory."""

    cores: float
    working_set_bytes: int = 4096

    def usage(self, now: float) -> node_pb2.Usage:
        return node_pb2.Usage(
            time_nanos=int(now * NANOS), cpu_nanos=int(self.cores * now * NANOS), working_set_bytes=self.working_set_bytes
        )


@dataclass
class MeasuringAgent:
    """`pods` are containers' loads by name, by the pod's uid. `asked` counts the questions; one that is `stuck` never
    answers."""

    name: str
    clock: Clock
    load: Load
    pods: dict[str, dict[str, Load]] = field(default_factory=dict)
    asked: int = 0
    stuck: bool = False
    port: int = 0

    async def stats(self, request: node_pb2.StatsRequest) -> node_pb2.StatsResponse:
        assert request.node == self.name
        self.asked += 1
        if self.stuck:
            await asyncio.Event().wait()
        now = self.clock()
        answer = node_pb2.StatsResponse(node=self.load.usage(now))
        for uid, containers in self.pods.items():
            pod = answer.pods.add(uid=uid)
            for name, load in containers.items():
                pod.containers.add(name=name, id=f"docker://{uid}-{name}", usage=load.usage(now))
        return answer

    def node(self, **labels: str) -> core.Node:
        """The object that an agent would register."""
        node = make_node(self.name, labels=labels)
        node.status.addresses.add(type="InternalIP", address="127.0.0.1")
        node.status.addresses.add(type="Hostname", address=self.name)
        node.status.daemon_endpoints.kubelet_endpoint.port = self.port
        return node


@contextlib.asynccontextmanager
async def measuring_agent(api: RunningApi, name: str, clock: Clock, load: Load) -> AsyncIterator[MeasuringAgent]:
    """Serves under the node's own certificate."""
    authority = api.etcd.pki.load("ca")
    assert authority is not None
    who = Identity(f"system:node:{name}", ("system:nodes",), (name, "127.0.0.1"))
    pair = issue(authority, who, datetime.datetime.now(datetime.UTC))
    agent = MeasuringAgent(name, clock, load)
    server = make_server(_no_logs, agent.stats)
    secured = credentials(ca=authority.certificate, certificate=pair.certificate, key=pair.key)
    agent.port = server.add_secure_port("127.0.0.1:0", secured)
    await server.start()
    try:
        yield agent
    finally:
        await server.stop(None)


async def _no_logs(_request: node_pb2.LogsRequest) -> AsyncIterator[bytes]:
    yield b""
