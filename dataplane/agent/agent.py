"""One node's agent, put together and run until it is told to stop. Pods keep running without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from dataplane.agent.config import AgentConfig
from dataplane.agent.containers import ContainerMaker
from dataplane.agent.drain import Drains
from dataplane.agent.leases import NodeLease
from dataplane.agent.machine import read_machine
from dataplane.agent.mounting import Mounter
from dataplane.agent.network import DataPlane, NodeNetwork, PodNetwork
from dataplane.agent.node import NodeReporter
from dataplane.agent.nodestatus import Facts, capacity
from dataplane.agent.pods import UID_INDEX, Pods, by_uid
from dataplane.agent.probes import Probes
from dataplane.agent.pulls import Puller
from dataplane.agent.references import References
from dataplane.agent.refreshing import Refresher
from dataplane.agent.server import ContainerLogs, credentials, make_server
from dataplane.agent.stats import NodeStats
from dataplane.agent.status import Host
from dataplane.agent.statuses import PodWriter
from dataplane.agent.tokens import Tokens
from dataplane.agent.tools import Tools
from dataplane.network.errors import NetworkError
from dataplane.runtime.types import Runtime, RuntimeFailure
from dataplane.volumes.volumes import Volumes
from protos.v1 import core_pb2 as core

log = structlog.get_logger()

_RETRY_SECONDS = 2.0


async def run_agent(
    config: AgentConfig, runtime: Runtime, node_network: NodeNetwork, *, clock: Callable[[], float] = time.time
) -> None:
    """Runs until cancelled."""
    config.state.mkdir(parents=True, exist_ok=True)
    network = PodNetwork(node_network)
    async with Client(config.credentials.connection(config.server)) as client:
        await _started(network)
        try:
            await _Agent(config, client, runtime, network, clock).run()
        finally:
            await network.stop()


async def _started(network: PodNetwork) -> None:
    while True:
        try:
            await network.start()
            return
        except NetworkError as error:
            log.error("network not started", error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)


class _Agent:
    def __init__(
        self, config: AgentConfig, client: Client, runtime: Runtime, network: PodNetwork, clock: Callable[[], float]
    ) -> None:
        self._config, self._client, self._runtime, self._network, self._clock = config, client, runtime, network, clock
        self._pods = Informer(
            client, registry.PODS, fields=f"spec.nodeName={config.node}", indexes={UID_INDEX: by_uid})  # fmt: skip
        self._services = Informer(client, registry.SERVICES)
        self._slices = Informer(client, registry.ENDPOINT_SLICES)
        self._nodes = Informer(client, registry.NODES)
        self._recorder = EventRecorder(client, "kubelet", clock=clock, host=config.node)
        self._lease = NodeLease(client, config.node, clock=clock)
        self._drains = Drains(client, slices=self._slices, nodes=self._nodes)

    async def run(self) -> None:
        config, facts = self._config, await self._facts()
        pods = Pods(self._pods, clock=self._clock)
        writer = PodWriter(self._client, refused=pods.refused)
        reporter = NodeReporter(
            self._client, facts, runtime=self._runtime, network=self._network, nodes=self._nodes,
            recorder=self._recorder, state=config.state, clock=self._clock)  # fmt: skip
        data_plane = DataPlane(
            config.node, self._network, services=self._services, slices=self._slices, nodes=self._nodes,
            published=self._lease.publish)  # fmt: skip
        logs = ContainerLogs(self._runtime, self._pods, clock=self._clock)
        stats = NodeStats(config.node, self._runtime, self._pods, shares_machine=config.shares_machine)
        async with asyncio.TaskGroup() as group:
            for informer in (self._pods, self._services, self._slices, self._nodes):
                group.create_task(informer.run(), name=f"informer {informer.kind.plural}")
            for work in (self._recorder.run(), self._lease.run(), self._drains.run(), writer.run(), reporter.run(),
                         data_plane.run(), _serve(config, logs, stats)):  # fmt: skip
                group.create_task(work)
            tools = self._tools(group, facts, pods, writer)
            await pods.run(tools)

    def _tools(self, group: asyncio.TaskGroup, facts: Facts, pods: Pods, writer: PodWriter) -> Tools:
        config = self._config
        maker = ContainerMaker(
            self._client, self._runtime, self._recorder, self._mounter(group, facts, pods), network=self._network,
            host_ip=config.node_ip, capacity=capacity(facts.machine), services=self._services_of)  # fmt: skip
        return Tools(
            host=Host(config.node_ip),
            runtime=self._runtime,
            network=self._network,
            puller=Puller(self._runtime, self._recorder, clock=self._clock),
            maker=maker,
            probes=Probes(
                self._runtime, self._recorder, listening=self._network.listening, clock=self._clock, changed=pods.wake
            ),
            drains=self._drains,
            writer=writer,
            recorder=self._recorder,
            clock=self._clock,
            group=group,
            wake=pods.wake,
        )

    def _mounter(self, group: asyncio.TaskGroup, facts: Facts, pods: Pods) -> Mounter:
        tokens, references = Tokens(self._client, clock=self._clock), References(self._client, group)
        mounter = Mounter(
            Volumes(self._config.state), tokens, references, allocatable=capacity(facts.machine))  # fmt: skip
        refresher = Refresher(
            self._pods, mounter, tokens, references, self._recorder, wake=pods.wake, clock=self._clock)  # fmt: skip
        group.create_task(refresher.run(), name="volumes")
        return mounter

    def _services_of(self, namespace: str) -> Iterable[core.Service]:
        return [service for service in self._services if service.metadata.namespace == namespace]

    async def _facts(self) -> Facts:
        config = self._config
        machine = await asyncio.to_thread(read_machine, Path(config.state))
        while True:
            try:
                version = await self._runtime.version()
                break
            except RuntimeFailure as failure:
                log.error("Docker does not answer", error=str(failure))
                await asyncio.sleep(_RETRY_SECONDS)
        return Facts(
            name=config.node, ip=config.node_ip, port=config.port, machine=machine,
            runtime_version=f"docker://{version}", labels=config.labels)  # fmt: skip


async def _serve(config: AgentConfig, logs: ContainerLogs, stats: NodeStats) -> None:
    files = config.credentials
    server = make_server(logs.read, stats.read)
    server.add_secure_port(
        f"{config.node_ip}:{config.port}",
        credentials(
            ca=files.ca.read_bytes(), certificate=files.certificate.read_bytes(), key=files.key.read_bytes()),
    )  # fmt: skip
    await server.start()
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(None)
