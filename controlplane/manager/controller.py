"""How a controller is declared: what it watches, which keys that concerns, and the pure function that plans for a key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from controlplane.api.objects import ApiObject, Key, T, key_of
from controlplane.api.registry import Kind
from controlplane.controllers.plan import NOTHING, Plan
from controlplane.controllers.view import Index, View

K = TypeVar("K", bound=Hashable)

# (old, new, view) -> the keys to plan again; old is None for a new object, new is None for one that is gone
KeysOf: TypeAlias = Callable[[T | None, T | None, View], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Watch(Generic[T]):
    kind: Kind[T]
    keys: KeysOf[T]


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """An index that the plan looks objects up by."""

    kind: Kind[T]
    index: Index[T]


@dataclass(frozen=True, slots=True)
class Custom:
    """What a controller watches, and looks objects up by, of every kind that users define."""

    keys: KeysOf[Any]
    indexes: tuple[Index[ApiObject], ...] = ()


@dataclass(frozen=True, slots=True)
class Controller(Generic[K]):
    """`name` is the component that its events name."""

    name: str
    plan: Callable[[K, View, float], Plan]
    watches: tuple[Watch[Any], ...]
    reads: tuple[Read[Any], ...] = ()
    workers: int = 4
    custom: Custom | None = None


def for_each(kind: Kind[T], plan: Callable[[T, View, float], Plan]) -> Callable[[Key, View, float], Plan]:
    """A plan by key from a plan by object; for an object that is gone there is nothing to do."""

    def plan_by_key(key: Key, view: View, now: float) -> Plan:
        obj = view.get(kind, key.name, key.namespace)
        return NOTHING if obj is None else plan(obj, view, now)

    return plan_by_key


def itself(old: ApiObject | None, new: ApiObject | None, _view: View) -> Iterable[Key]:
    """The key of the object that changed."""
    obj = new if new is not None else old
    return (key_of(obj),) if obj is not None else ()
