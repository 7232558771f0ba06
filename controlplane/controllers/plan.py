"""What a controller decides: the writes to make, and when to look again. A value; whoever runs controllers carries it out.

Events belong to writes, so a plan that changes nothing says nothing, however often it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell about an object. `{name}` in the message stands for the written object's name, `{error}` for why it
    could not be written."""

    about: ApiObject
    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"


@dataclass(frozen=True, slots=True)
class Alive:
    """The object exists, with this uid, and nobody asked for its deletion."""

    kind: Kind[Any]
    key: Key
    uid: str


@dataclass(frozen=True, slots=True)
class Absent:
    """No object of that name has this uid; with an empty uid: there is no object of that name."""

    kind: Kind[Any]
    key: Key
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """The namespace, or with an empty one the cluster, holds no object of the kind."""

    kind: Kind[Any]
    namespace: str


@dataclass(frozen=True, slots=True)
class Known:
    """The server keeps objects of no other kinds in namespaces than these resources."""

    resources: frozenset[str]


# What must be true in the store itself, not only in the view, for a write to be made. Needed where a view that lags behind
# would do harm that no later plan can mend.
Guard: TypeAlias = Alive | Absent | Empty | Known


@dataclass(frozen=True, slots=True)
class Create:
    obj: ApiObject
    event: Event | None = None
    failure: Event | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Written only if the object is still the one that was seen. `subresource` is empty or `status`."""

    obj: ApiObject
    subresource: str = ""
    event: Event | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes this very object, not a namesake. `grace_seconds` None is the object's own, 0 is at once."""

    obj: ApiObject
    grace_seconds: int | None = None
    propagation: str = ""
    event: Event | None = None
    failure: Event | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteAll:
    """Deletes every object of a kind in a namespace, or with an empty one in all."""

    kind: Kind[Any]
    namespace: str


Write: TypeAlias = Create | Update | Delete | DeleteAll


@dataclass(frozen=True, slots=True)
class Plan:
    """`requeue_after` is in seconds; None when only a change of the objects can change the answer."""

    writes: tuple[Write, ...] = ()
    requeue_after: float | None = None

    @property
    def creates(self) -> list[ApiObject]:
        return [write.obj for write in self.writes if isinstance(write, Create)]

    @property
    def updates(self) -> list[ApiObject]:
        return [write.obj for write in self.writes if isinstance(write, Update) and not write.subresource]

    @property
    def status_updates(self) -> list[ApiObject]:
        return [write.obj for write in self.writes if isinstance(write, Update) and write.subresource == "status"]

    @property
    def deletes(self) -> list[ApiObject]:
        return [write.obj for write in self.writes if isinstance(write, Delete)]

    @property
    def events(self) -> list[Event]:
        return [write.event for write in self.writes if not isinstance(write, DeleteAll) and write.event is not None]


NOTHING = Plan()


def plan_of(*writes: Write | None, requeue_after: float | None = None) -> Plan:
    return Plan(tuple(write for write in writes if write is not None), requeue_after)


def joined(plans: Sequence[Plan]) -> Plan:
    """All writes in order, and the earliest time to look again."""
    times = [plan.requeue_after for plan in plans if plan.requeue_after is not None]
    return Plan(tuple(write for plan in plans for write in plan.writes), min(times, default=None))


def status_update(obj: ApiObject, event: Event | None = None) -> Update:
    return Update(obj, "status", event)


def alive(obj: ApiObject) -> Alive:
    return Alive(kind_of(obj), key_of(obj), obj.metadata.uid)
