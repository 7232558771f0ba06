"""What the workers of a node's pods share, and what is remembered of each pod."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from controlplane.client.events import EventRecorder
from dataplane.agent.containers import ContainerMaker
from dataplane.agent.drain import Drains
from dataplane.agent.network import PodNetwork
from dataplane.agent.observed import Waiting
from dataplane.agent.probes import Probes
from dataplane.agent.pulls import PodPulls, Puller
from dataplane.agent.status import Host
from dataplane.agent.statuses import PodWriter
from dataplane.runtime.types import Runtime
from protos.v1 import core_pb2 as core


@dataclass(slots=True)
class Memory:
    """What is known of a pod beside what the runtime shows. `reported` is the last status handed to the writer, and the
    version of the pod that it was made from. `plugged` is the process whose namespace is on the network."""

    pulls: PodPulls = field(default_factory=PodPulls)
    problems: dict[str, Waiting] = field(default_factory=dict)
    stopping: dict[str, float] = field(default_factory=dict)
    plugged: int = 0
    draining: bool = False
    drained: bool = False
    finished: bool = False
    reported: tuple[str, core.PodStatus] | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker acts with."""

    host: Host
    runtime: Runtime
    network: PodNetwork
    puller: Puller
    maker: ContainerMaker
    probes: Probes
    drains: Drains
    writer: PodWriter
    recorder: EventRecorder
    clock: Callable[[], float]
    group: asyncio.TaskGroup
    wake: Callable[[str], None]
