"""What an agent knows of one pod at one moment: what the runtime shows, and the little that is only in memory.

Everything in memory may be lost at any instant and is then found out, or done, again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dataplane.runtime.types import ContainerRecord, PodRecord, SandboxRecord, State


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container does not run yet, in the words of its status."""

    reason: str
    message: str = ""


class PullState(StrEnum):
    PULLING = "pulling"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pull:
    """How far the image for a container's next run is. A failed one is tried again at `retry_at`."""

    state: PullState
    waiting: Waiting = Waiting("ContainerCreating")
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """`address` is empty while the pod has none; `plugged` tells whether the sandbox that lives is on the network with it.

    By container name: `pulls`, and `problems`, why it cannot be made. By container id: `stopping`, when patience ends;
    `unhealthy`, which probe fails; `ready` and `started`, what the probes say, without an entry where there is none.
    """

    record: PodRecord
    address: str = ""
    plugged: bool = False
    pulls: Mapping[str, Pull] = field(default_factory=dict)
    problems: Mapping[str, Waiting] = field(default_factory=dict)
    stopping: Mapping[str, float] = field(default_factory=dict)
    unhealthy: Mapping[str, str] = field(default_factory=dict)
    ready: Mapping[str, bool] = field(default_factory=dict)
    started: Mapping[str, bool] = field(default_factory=dict)
    drained: bool = False

    @property
    def sandbox(self) -> SandboxRecord | None:
        """The sandbox that lives, the newest if there should be several."""
        return next((one for one in self.record.sandboxes if one.state is State.RUNNING), None)

    @property
    def running(self) -> list[ContainerRecord]:
        return [one for one in self.record.containers if one.state is State.RUNNING]

    def newest(self, name: str) -> ContainerRecord | None:
        """The latest run of a container."""
        return next((one for one in self.record.containers if one.name == name), None)

    def is_started(self, run: ContainerRecord) -> bool:
        return run.state is State.RUNNING and self.started.get(run.id, True)

    def is_ready(self, run: ContainerRecord) -> bool:
        return self.is_started(run) and self.ready.get(run.id, True)
