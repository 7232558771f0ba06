"""How long each node has been silent, by this process' own clock: the clocks of nodes are not compared with ours.

While this process itself could not hear anybody, nobody counts as silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from controlplane.client.informer import Informer
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core

LEASES_IN = "kube-node-lease"

_LOOK_SECONDS = 1.0


class Heartbeats:
    """`clock` never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._listening_since = clock()

    def silent_seconds(self, node: str) -> float:
        return self._clock() - max(self._heard.get(node, 0.0), self._listening_since)

    async def run(self, leases: Informer[coordination.Lease], nodes: Informer[core.Node]) -> None:
        """Listens until cancelled."""
        self.listen_anew()
        leases.subscribe(self.lease_changed)
        nodes.subscribe(self.node_changed)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not leases.connected:
                self.listen_anew()

    def listen_anew(self) -> None:
        """Nothing could be heard until now."""
        self._listening_since = self._clock()

    def lease_changed(self, old: coordination.Lease | None, new: coordination.Lease | None) -> None:
        if new is None or new.metadata.namespace != LEASES_IN:
            return
        if old is None or old.spec.renew_time != new.spec.renew_time:
            self._heard[new.metadata.name] = self._clock()

    def node_changed(self, old: core.Node | None, new: core.Node | None) -> None:
        if new is None and old is not None:
            self._heard.pop(old.metadata.name, None)
        elif new is not None and old is None:
            self._heard[new.metadata.name] = self._clock()
