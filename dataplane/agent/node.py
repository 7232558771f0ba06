"""The node's own object: registered at the start, its status reported every five minutes or when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from controlplane.api import errors, registry
from controlplane.api.objects import condition_is, copy_of
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.informer import Informer
from dataplane.agent.machine import read_pressure
from dataplane.agent.network import PodNetwork
from dataplane.agent.nodestatus import Facts, new_node, node_labels, node_status, tells_more
from dataplane.network.errors import NetworkError
from dataplane.runtime.types import Runtime, RuntimeFailure
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

log = structlog.get_logger()

_REPORT_SECONDS = 300.0
_LOOK_SECONDS = 10.0
_RETRY_SECONDS = 0.5


class NodeReporter:
    def __init__(
        self,
        client: Client,
        facts: Facts,
        *,
        runtime: Runtime,
        network: PodNetwork,
        nodes: Informer[core.Node],
        recorder: EventRecorder,
        state: Path,
        clock: Callable[[], float],
    ) -> None:
        self._client, self._facts, self._runtime, self._network = client, facts, runtime, network
        self._nodes, self._recorder, self._state, self._clock = nodes, recorder, state, clock
        self._changed = asyncio.Event()
        self._reported_at = 0.0
        nodes.subscribe(self._node_changed)

    async def run(self) -> None:
        await self._register()
        while True:
            try:
                await self._report()
            except (errors.StatusError, NetworkError) as error:
                log.warning("node not reported", node=self._facts.name, error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def _register(self) -> None:
        """Makes the Node, or takes over the one there is."""
        while True:
            try:
                facts = await self._look()
                try:
                    await self._client.create(new_node(facts, self._clock()))
                    log.info("node registered", node=facts.name)
                except errors.AlreadyExists:
                    labels = {"metadata": {"labels": node_labels(facts)}}
                    await self._client.patch(registry.NODES, facts.name, "", labels)
                self._tell("Starting", "Starting kubelet.")
                return
            except errors.StatusError as error:
                log.warning("node not registered", node=self._facts.name, error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _report(self) -> None:
        node = self._nodes.get(self._facts.name)
        if node is None:
            node = await self._client.get(registry.NODES, self._facts.name)
        await self._network.set_pod_cidr(node.spec.pod_cidr)
        now = self._clock()
        status = node_status(await self._look(), node.status, now)
        if not tells_more(status, node.status) and now - self._reported_at < _REPORT_SECONDS:
            return
        fresh = copy_of(node)
        fresh.status.CopyFrom(status)
        fresh.metadata.resource_version = ""
        await self._client.update_status(fresh)
        self._reported_at = now
        if condition_is(status.conditions, "Ready") and not condition_is(node.status.conditions, "Ready"):
            self._tell("NodeReady", f"Node {node.metadata.name} status is now: NodeReady")

    async def _look(self) -> Facts:
        pressure = await asyncio.to_thread(read_pressure, self._state)
        try:
            images = await self._runtime.images()
        except RuntimeFailure as failure:
            return replace(self._facts, pressure=pressure, problem=f"container runtime is down: {failure}")
        problem = self._network.problem
        told = f"container runtime network not ready: {problem}" if problem else ""
        return replace(self._facts, pressure=pressure, images=images, problem=told)

    def _tell(self, reason: str, message: str) -> None:
        """Events about nodes name the node by its name also where others have a uid, as the kubelet's do."""
        name = self._facts.name
        self._recorder.record(core.Node(metadata=meta.ObjectMeta(name=name, uid=name)), "Normal", reason, message)

    def _node_changed(self, _old: core.Node | None, new: core.Node | None) -> None:
        """Somebody gave the node its range, or told something else of it."""
        if new is not None and new.metadata.name == self._facts.name:
            self._changed.set()
