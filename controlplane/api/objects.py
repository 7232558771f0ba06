"""What all kinds have in common: metadata, keys, owners, conditions and times. Pure helpers over protobuf messages.

An object is a protobuf message with `metadata` as field 1. What comes out of a cache is shared: copy before changing.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

from protos.v1 import meta_pb2 as meta

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message


class ApiObject(Protocol):
    """A message of any kind."""

    DESCRIPTOR: Descriptor

    @property
    def metadata(self) -> meta.ObjectMeta: ...

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # noqa: N802


T = TypeVar("T", bound=ApiObject)


class Key(NamedTuple):
    """Names an object among those of its kind; `namespace` is empty for kinds without one."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(obj: ApiObject) -> Key:
    return Key(obj.metadata.namespace, obj.metadata.name)


def copy_of(obj: T) -> T:
    """A private copy that may be changed."""
    fresh = type(obj)()
    cast("Message", fresh).CopyFrom(cast("Message", obj))
    return fresh


def is_terminating(obj: ApiObject) -> bool:
    """Whether deletion has been asked for."""
    return obj.metadata.HasField("deletion_timestamp")


def controller_of(obj: ApiObject) -> meta.OwnerReference | None:
    """The owner that manages the object, if one does."""
    return next((owner for owner in obj.metadata.owner_references if owner.controller), None)


def owner_reference(owner: ApiObject, *, api_version: str, kind: str) -> meta.OwnerReference:
    """A reference that makes `owner` the managing owner of the object that carries it."""
    return meta.OwnerReference(
        api_version=api_version,
        kind=kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


class Condition(Protocol):
    """The fields that conditions of every kind share."""

    type: str
    status: str
    reason: str
    message: str

    @property
    def last_transition_time(self) -> meta.Time: ...


C = TypeVar("C", bound=Condition)


def find_condition(conditions: Iterable[C], condition_type: str) -> C | None:
    return next((c for c in conditions if c.type == condition_type), None)


def condition_is(conditions: Iterable[Condition], condition_type: str, status: str = "True") -> bool:
    condition = find_condition(conditions, condition_type)
    return condition is not None and condition.status == status


def set_condition(conditions: MutableSequence[C], new: C) -> None:
    """Puts `new` in place of the condition of its type. The transition time moves only when the status does."""
    for index, old in enumerate(conditions):
        if old.type == new.type:
            if old.status == new.status:
                new.last_transition_time.CopyFrom(old.last_transition_time)
            del conditions[index]
            conditions.insert(index, new)
            return
    conditions.append(new)
