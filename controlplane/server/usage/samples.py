"""What agents measure, asked for when somebody wants to know, and kept for a while so that many who ask cost no more.

Nothing is asked while nobody wants to know. Then the first answer takes a second longer: it takes two samples.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc.aio
import structlog

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.server.agents import Agents
from controlplane.server.usage import rates
from controlplane.server.usage.rates import Figures, Measured
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2

log = structlog.get_logger()

KEPT_SECONDS = 10.0
_DEADLINE_SECONDS = 2.0  # of one question
_APART_SECONDS = 1.05  # two samples: a little more than the shortest window
_STATS = "/orlop.v1.Node/Stats"


@dataclass(slots=True)
class _Node:
    """The last sample of a node, and what came of it: None if the agent did not answer. Who holds `lock` asks the agent."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: float | None = None
    figures: Figures = field(default_factory=dict)
    measured: Measured | None = None


class Samples:
    def __init__(self, cache: Cache, agents: Agents, *, now: Callable[[], float]) -> None:
        self._cache, self._agents, self._now = cache, agents, now
        self._nodes: dict[str, _Node] = {}

    async def of(self, names: Iterable[str]) -> Mapping[str, Measured]:
        """By node; without the nodes that there are not, and those whose agent does not answer in time."""
        self._forget()
        async with asyncio.TaskGroup() as group:
            asked = {name: group.create_task(self._of(name), name=f"usage of {name}") for name in set(names)}
        found = {name: task.result() for name, task in asked.items()}
        return {name: measured for name, measured in found.items() if measured is not None}

    def _forget(self) -> None:
        nodes = self._cache.of(registry.NODES)
        for name in [name for name in self._nodes if nodes.get(Key("", name)) is None]:
            del self._nodes[name]

    async def _of(self, name: str) -> Measured | None:
        known = self._nodes.setdefault(name, _Node())
        async with known.lock:
            if known.asked_at is None or not 0 <= self._now() - known.asked_at < KEPT_SECONDS:
                known.measured = await self._measure(name, known)
                known.asked_at = self._now()
            return known.measured

    async def _measure(self, name: str, known: _Node) -> Measured | None:
        stats = await self._ask(name)
        if stats is not None and not rates.is_complete(known.figures, rates.figures(stats)):
            known.figures = rates.completed(known.figures, rates.figures(stats))
            await asyncio.sleep(_APART_SECONDS)
            stats = await self._ask(name)
        if stats is None:
            return None
        before, known.figures = known.figures, rates.figures(stats)
        return rates.measured(before, stats)

    async def _ask(self, name: str) -> node_pb2.StatsResponse | None:
        record = self._cache.of(registry.NODES).get(Key("", name))
        if record is None:
            return None
        node = cast("core.Node", record.message())
        if not node.status.daemon_endpoints.kubelet_endpoint.port:
            return None
        call: Any = self._agents.channel(node).unary_unary(
            _STATS,
            request_serializer=node_pb2.StatsRequest.SerializeToString,
            response_deserializer=node_pb2.StatsResponse.FromString,
        )
        try:
            return cast(
                "node_pb2.StatsResponse", await call(node_pb2.StatsRequest(node=name), timeout=_DEADLINE_SECONDS)
            )  # fmt: skip
        except grpc.aio.AioRpcError as error:
            log.debug("usage not measured", node=name, error=error.details())
            return None
