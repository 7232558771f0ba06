"""What screens ask for: places to go, data to see, things to do. Plain values; others act on them.

Screens and widgets know these and nothing of the network: whoever runs the console hands them a `Source`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from controlplane.api import registry
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind
from protos.v1 import core_pb2 as core

_SHORT_NAMES = {"deployments": "deploy", "replicasets": "rs", "services": "svc", "namespaces": "ns",
                "configmaps": "cm", "endpoints": "ep"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One object by name. `str()` is how people write it: `deploy/web`."""

    kind: Kind[Any]
    key: Key

    def __str__(self) -> str:
        return f"{_SHORT_NAMES.get(self.kind.plural, self.kind.singular)}/{self.key.name}"


def target_of(obj: ApiObject) -> Target:
    return Target(registry.kind_of(obj), key_of(obj))


# Data.


@dataclass(frozen=True, slots=True)
class Scope:
    """Narrows a list down: the pods of a node, of a deployment. `label` says so in the title; `namespace` is that of all
    that is kept, if they share one."""

    label: str
    keeps: Callable[[ApiObject], bool]
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed since the last batch. `is_synced` once the cluster's whole state has been seen."""

    changed: Sequence[ApiObject]
    gone: Sequence[Key]
    is_synced: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """`source` names the pod where several speak; it is empty otherwise."""

    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class LogRequest:
    """The output of the pods that `keeps` picks, of one container or, if none is named, of the first. New pods join.
    `names_pods` has each line say whose it is."""

    keeps: Callable[[ApiObject], bool]
    names_pods: bool = False
    container: str = ""
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = 500
    since_seconds: int | None = None


class Handle(Protocol):
    """A running subscription."""

    def pause(self, paused: bool, /) -> None:
        """While paused changes are gathered, not delivered."""

    def close(self) -> None: ...


class Source(Protocol):
    """Where the data of the console comes from. `deliver` is called at most ten times a second."""

    def open(
        self, kind: Kind[Any], keeps: Callable[[ApiObject], bool] | None, deliver: Callable[[Batch], None]
    ) -> Handle: ...

    def open_logs(self, request: LogRequest, deliver: Callable[[Sequence[LogLine]], None]) -> Handle: ...

    def get(self, kind: Kind[Any], key: Key) -> ApiObject | None: ...

    def objects(self, kind: Kind[Any], keeps: Callable[[ApiObject], bool] | None = None) -> list[Any]: ...

    def events_of(self, obj: ApiObject) -> list[core.Event]:
        """Oldest first."""
        ...

    def describe(self, kind: Kind[Any], obj: ApiObject) -> str: ...

    def to_yaml(self, kind: Kind[Any], obj: ApiObject, *, reveal: bool) -> str:
        """`reveal` shows the values of a secret."""
        ...

    def now(self) -> float: ...


# Places.


@dataclass(frozen=True, slots=True)
class ListPlace:
    """`namespace` is None for the current one and empty for all."""

    kind: Kind[Any]
    namespace: str | None = None
    query: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class TextPlace:
    target: Target
    form: Literal["describe", "yaml"]


@dataclass(frozen=True, slots=True)
class LogsPlace:
    target: Target


@dataclass(frozen=True, slots=True)
class RolloutPlace:
    target: Target


@dataclass(frozen=True, slots=True)
class ServicePlace:
    target: Target


Place = ListPlace | TextPlace | LogsPlace | RolloutPlace | ServicePlace


# Deeds.


@dataclass(frozen=True, slots=True)
class Scale:
    target: Target
    replicas: int


@dataclass(frozen=True, slots=True)
class SetImages:
    """`images` maps containers to images."""

    target: Target
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undo:
    """Back to `revision`, or for 0 to the one before."""

    target: Target
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Restart:
    target: Target


@dataclass(frozen=True, slots=True)
class Pause:
    target: Target
    paused: bool


@dataclass(frozen=True, slots=True)
class Cordon:
    target: Target
    unschedulable: bool


@dataclass(frozen=True, slots=True)
class Delete:
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    target: Target


Deed = Scale | SetImages | Undo | Restart | Pause | Cordon | Delete | Edit


@dataclass(frozen=True, slots=True)
class Flash:
    """A word to the operator, shown for a moment."""

    text: str
    mood: Literal["busy", "done", "failed"] = "done"


class Console(Protocol):
    """What screens ask of the console as a whole. Each takes effect before the next key is looked at."""

    def go(self, place: Place) -> None: ...

    def go_back(self, *, leaving: bool) -> None:
        """To the page before; where there is none, `leaving` ends the console."""
        ...

    def do(self, deed: Deed) -> None:
        """Begins it. How it went is shown."""
        ...

    def show(self, flash: Flash) -> None: ...

    def use_namespace(self, name: str) -> None:
        """Empty for all."""
        ...

    def obey(self, text: str) -> None:
        """A command line."""
        ...
