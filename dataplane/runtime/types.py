"""What a container runtime does for the agent, in words of its own: no Docker, no pods' specs, no I/O.

Specs say what to make, records say what there is. Times are seconds since 1970; 0 means "never".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class RuntimeFailure(Exception):
    """The runtime could not do what was asked."""


class ImageFailure(RuntimeFailure):
    """An image cannot be had. `reason` is what a waiting container shows: `ErrImagePull`, `InvalidImageName`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PodName:
    namespace: str
    name: str
    uid: str


class State(StrEnum):
    """Where a container is in its life. One that could not be started counts as EXITED."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """The pod's infrastructure container. `attempt` counts the sandboxes that the pod had before."""

    pod: PodName
    attempt: int = 0
    hostname: str = ""
    extra_hosts: Sequence[str] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mount:
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """0 means "no limit" or "the runtime's default"."""

    cpu_shares: int = 0
    cpu_quota_micros: int = 0
    memory_bytes: int = 0
    oom_score_adjust: int = 0


CPU_PERIOD_MICROS = 100_000


@dataclass(frozen=True, slots=True)
class Security:
    user: str = ""
    groups: Sequence[str] = ()
    privileged: bool = False
    add_capabilities: Sequence[str] = ()
    drop_capabilities: Sequence[str] = ()
    read_only_root: bool = False
    no_new_privileges: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One run of a container. `command` replaces the image's entrypoint and `args` its arguments, None keeps them.

    `attempt` is the restart count and `backoff_seconds` the pause that the next failure will cost; both are kept with the
    container, so that an agent which starts anew knows them.
    """

    pod: PodName
    name: str
    image: str
    attempt: int = 0
    backoff_seconds: int = 0
    is_init: bool = False
    spec_hash: str = ""
    command: Sequence[str] | None = None
    args: Sequence[str] | None = None
    env: Sequence[tuple[str, str]] = ()
    working_dir: str = ""
    mounts: Sequence[Mount] = ()
    resources: Resources = Resources()
    security: Security = Security()
    share_processes: bool = False
    stdin: bool = False
    tty: bool = False


@dataclass(frozen=True, slots=True)
class SandboxRecord:
    id: str
    attempt: int
    state: State
    pid: int = 0
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """One run of a container. `sandbox` is the id of the sandbox it joined; `image_id` is the runtime's own name of the
    image, with its digest where it came from a registry."""

    id: str
    name: str
    sandbox: str
    state: State
    attempt: int = 0
    backoff_seconds: int = 0
    is_init: bool = False
    spec_hash: str = ""
    image: str = ""
    image_id: str = ""
    pid: int = 0
    created_at: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int = 0
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PodRecord:
    """All there is of a pod, newest first."""

    pod: PodName
    sandboxes: tuple[SandboxRecord, ...] = ()
    containers: tuple[ContainerRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """`reference` names it for good: by digest where a registry gave one, by id otherwise. `user` is whom its containers run
    as; empty for root, and in lists."""

    id: str
    reference: str
    names: tuple[str, ...] = ()
    size_bytes: int = 0
    user: str = ""


@dataclass(frozen=True, slots=True)
class LogOptions:
    follow: bool = False
    tail_lines: int | None = None
    since: float | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class ExecResult:
    exit_code: int
    output: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What something has used when it was measured: CPU time since it began, and memory that cannot be taken back without
    need. `time_nanos` counts from 1970."""

    time_nanos: int
    cpu_nanos: int
    working_set_bytes: int


@dataclass(frozen=True, slots=True)
class NodeUsage:
    """All of a node's containers together, its pods by uid, its containers by id."""

    node: Usage
    pods: Mapping[str, Usage]
    containers: Mapping[str, Usage]


class Runtime(Protocol):
    """One node's containers. Every method raises RuntimeFailure when the engine refuses or cannot be reached.

    What is asked for twice happens once: stopping what has stopped and removing what is gone succeed.
    """

    async def version(self) -> str:
        """`20.10.24`"""
        ...

    async def pods(self) -> Sequence[PodName]:
        """The pods of this node of which anything is left."""
        ...

    async def observe(self, pod: PodName) -> PodRecord: ...

    async def start_sandbox(self, spec: SandboxSpec) -> SandboxRecord: ...

    async def start_container(self, sandbox_id: str, spec: ContainerSpec) -> str:
        """The new container's id. One that is made but cannot be started stays, as an exited one."""
        ...

    async def signal(self, container_id: str, signal: str) -> None:
        """Sends `SIGTERM`, `SIGKILL`, …; returns at once. `SIGTERM` stands for the stop signal that the image asks for."""
        ...

    async def remove(self, container_id: str) -> None:
        """Removes a container or a sandbox, by force if it still runs."""
        ...

    async def forget(self, pod_uid: str) -> None:
        """Removes what the engine leaves of a pod whose containers are gone."""
        ...

    async def image(self, name: str) -> Image | None: ...

    async def images(self) -> Sequence[Image]: ...

    async def pull(self, name: str) -> Image:
        """Raises ImageFailure with the registry's own words."""
        ...

    async def exec(self, container_id: str, command: Sequence[str], timeout_seconds: float) -> ExecResult:
        """Runs a command to its end. Raises TimeoutError."""
        ...

    def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """What the container wrote, as bytes in pieces."""
        ...

    async def usage(self, containers: Mapping[str, Collection[str]]) -> NodeUsage:
        """What the node, pods and containers use now; the containers' ids are given by their pods' uids. Without those that
        have ended."""
        ...

    def events(self) -> AsyncIterator[PodName | None]:
        """Pods to which something happened; None whenever something may have been missed, so also at the start. Ends when
        the engine goes away."""
        ...
