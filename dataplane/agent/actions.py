"""What can be done about a pod, as values: decided by `plan`, done by `worker`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class StartSandbox:
    attempt: int


@dataclass(frozen=True, slots=True)
class RemoveSandbox:
    sandbox_id: str


@dataclass(frozen=True, slots=True)
class PlugNetwork:
    pid: int


@dataclass(frozen=True, slots=True)
class UnplugNetwork:
    pass


@dataclass(frozen=True, slots=True)
class PullImage:
    """Gets the image for the container's next run, as its pull policy says."""

    container: str


@dataclass(frozen=True, slots=True)
class StartContainer:
    container: str
    sandbox_id: str
    attempt: int
    backoff_seconds: int


@dataclass(frozen=True, slots=True)
class StopContainer:
    """Lets it end by itself: the preStop hook, the stop signal. KillContainer follows after `grace_seconds`."""

    container_id: str
    container: str
    grace_seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class KillContainer:
    container_id: str


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    container_id: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Waits until no data plane sends the pod anything new and its clients are done."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing of the pod is left: its files go, then the object itself."""


Action: TypeAlias = (
    StartSandbox
    | RemoveSandbox
    | PlugNetwork
    | UnplugNetwork
    | PullImage
    | StartContainer
    | StopContainer
    | KillContainer
    | RemoveContainer
    | Drain
    | Finish
)
