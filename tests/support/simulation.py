"""A cluster small enough to search: a store in memory, views that lag behind it, and a clock that only tests move.

`Store` follows the API server where it matters to controllers: names and uids, revisions and conflicts, graceful deletion,
finalizers. Nothing here is shared with the code under test but the messages and the plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controlplane.api import objects, registry, times
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import ApiObject, Key, T, copy_of, key_of
from controlplane.api.registry import Kind, kind_of
from controlplane.controllers.plan import Absent, Alive, Create, Delete, DeleteAll, Empty, Guard, Known, Plan, Update, Write
from controlplane.controllers.view import Index
from controlplane.manager.expectations import Expectations
from protos.v1 import core_pb2 as core

Objects = dict[Key, Any]


class Store:
    def __init__(self, *initial: ApiObject, now: float = 1_750_000_000.0) -> None:
        self.now = now
        self.revision = 1
        self.log: dict[str, list[tuple[int, Key, Any]]] = {}
        self.objects: dict[str, Objects] = {}
        self.conflicts = 0
        self.catalogue = Catalogue()
        self._names = 0
        for obj in initial:
            self.put(obj)

    def all(self, kind: Kind[T]) -> list[T]:
        return list(self.objects.get(kind.resource, {}).values())

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None:
        return self.objects.get(kind.resource, {}).get(Key(namespace, name))

    def put(self, obj: T) -> T:
        """Stores a copy as the newest version. The copy is the store's: never change it."""
        fresh = copy_of(obj)
        self.revision += 1
        fresh.metadata.resource_version = str(self.revision)
        resource = self.catalogue.kind_of(obj).resource
        self.objects.setdefault(resource, {})[key_of(obj)] = fresh
        self.log.setdefault(resource, []).append((self.revision, key_of(obj), fresh))
        return fresh

    def remove(self, obj: ApiObject) -> None:
        self.revision += 1
        resource = self.catalogue.kind_of(obj).resource
        del self.objects[resource][key_of(obj)]
        self.log[resource].append((self.revision, key_of(obj), None))

    def delete(self, obj: ApiObject, *, grace_seconds: int | None = None, propagation: str = "") -> None:
        """As the API does it: pods on a node end gracefully, finalizers keep the object, everything else is gone at once."""
        fresh = copy_of(obj)
        finalizer = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}.get(propagation)
        if finalizer and finalizer not in fresh.metadata.finalizers:
            fresh.metadata.finalizers.append(finalizer)
        graceful = isinstance(obj, core.Pod) and obj.spec.node_name and grace_seconds != 0
        if not graceful and not fresh.metadata.finalizers:
            self.remove(obj)
        elif not objects.is_terminating(obj):
            fresh.metadata.deletion_timestamp.CopyFrom(times.to_time(self.now))
            self.put(fresh)

    def apply(self, write: Write) -> ApiObject | None:
        """The object as stored, or None when the write was refused."""
        match write:
            case Create(obj):
                return self._create(obj)
            case Update(obj, subresource):
                return self._update(obj, subresource) if self._hold(write.guards) else None
            case Delete(obj):
                stored = self.get(self.catalogue.kind_of(obj), *reversed(key_of(obj)))
                if stored is None or stored.metadata.uid != obj.metadata.uid or not self._hold(write.guards):
                    return None
                self.delete(stored, grace_seconds=write.grace_seconds, propagation=write.propagation)
                return obj
            case DeleteAll(kind, namespace):
                for obj in [obj for obj in self.all(kind) if namespace in ("", obj.metadata.namespace)]:
                    self.delete(obj)
                return None

    def _create(self, obj: ApiObject) -> ApiObject | None:
        fresh = copy_of(obj)
        self._names += 1
        if not fresh.metadata.name:
            fresh.metadata.name = f"{fresh.metadata.generate_name}{self._names:05}"
        if self.get(self.catalogue.kind_of(obj), *reversed(key_of(fresh))) is not None:
            return None
        fresh.metadata.uid = f"uid-{self._names}"
        fresh.metadata.creation_timestamp.CopyFrom(times.to_time(self.now))
        fresh.metadata.generation = 1
        if isinstance(fresh, core.Pod):
            fresh.status.phase = "Pending"
        return self.put(fresh)

    def _update(self, obj: ApiObject, subresource: str) -> ApiObject | None:
        stored = self.get(self.catalogue.kind_of(obj), *reversed(key_of(obj)))
        if stored is None or stored.metadata.resource_version != obj.metadata.resource_version:
            self.conflicts += 1
            return None
        fresh: Any = copy_of(stored if subresource else obj)
        source: Any = obj if subresource else stored
        if "status" in fresh.DESCRIPTOR.fields_by_name:
            fresh.status.CopyFrom(source.status)
        if not subresource and "spec" in fresh.DESCRIPTOR.fields_by_name and fresh.spec != source.spec:
            fresh.metadata.generation = stored.metadata.generation + 1
        written: ApiObject = self.put(fresh)
        if objects.is_terminating(fresh) and not fresh.metadata.finalizers and not isinstance(fresh, core.Pod):
            self.remove(written)
        return written

    def _hold(self, guards: Iterable[Guard]) -> bool:
        return all(self._holds(guard) for guard in guards)

    def _holds(self, guard: Guard) -> bool:
        match guard:
            case Empty(kind, namespace):
                return not any(namespace in ("", obj.metadata.namespace) for obj in self.all(kind))
            case Known(resources):
                return all(kind.resource in resources for kind in self.catalogue if kind.namespaced and kind.stored)
            case Alive(kind, key, uid):
                stored = self.get(kind, key.name, key.namespace)
                return stored is not None and stored.metadata.uid == uid and not objects.is_terminating(stored)
            case Absent(kind, key, uid):
                stored = self.get(kind, key.name, key.namespace)
                return stored is None or (uid != "" and stored.metadata.uid != uid)


class LaggingView:
    """A copy of the store that catches up only when told. Implements `View` and `Copy`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.catalogue = store.catalogue
        self._position: dict[str, int] = {}
        self._objects: dict[str, Objects] = {}
        self.catch_up()

    def catch_up(self, kind: Kind[Any] | None = None, events: int | None = None) -> bool:
        """Takes in the next `events` of a kind, or all of all. Returns whether there were any."""
        moved = False
        for resource in [kind.resource] if kind is not None else list(self._store.log):
            log = self._store.log.get(resource, [])
            start = self._position.get(resource, 0)
            end = len(log) if events is None else min(len(log), start + events)
            for _, key, obj in log[start:end]:
                copies = self._objects.setdefault(resource, {})
                copies.pop(key, None) if obj is None else copies.__setitem__(key, obj)
            self._position[resource] = end
            moved = moved or end > start
        return moved

    def revision(self, kind: Kind[Any]) -> int:
        position = self._position.get(kind.resource, 0)
        return self._store.log[kind.resource][position - 1][0] if position else 0

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None:
        return self._objects.get(kind.resource, {}).get(Key(namespace, name))

    def all(self, kind: Kind[T]) -> Sequence[T]:
        return list(self._objects.get(kind.resource, {}).values())

    def select(self, kind: Kind[T], index: Index[T], value: str) -> Sequence[T]:
        return [obj for obj in self.all(kind) if value in index.values(obj)]


class Simulation:
    """One store, one lagging view, and the rule that a key waits until the view shows its own writes."""

    def __init__(self, *initial: ApiObject) -> None:
        self.store = Store(*initial)
        self.view = LaggingView(self.store)
        self.expectations: Expectations[tuple[str, Key]] = Expectations(self.view)

    @property
    def now(self) -> float:
        return self.store.now

    def carry_out(self, owner: ApiObject, plan: Plan) -> bool:
        """Applies a plan made for `owner`. Returns whether it had anything to write."""
        waiting = kind_of(owner).resource, key_of(owner)
        for write in plan.writes:
            stored = self.store.apply(write)
            if isinstance(write, Delete):
                self.expectations.deleted(waiting, write.obj)
            elif stored is not None:
                self.expectations.wrote(waiting, stored)
        return bool(plan.writes)

    def may_plan(self, owner: ApiObject) -> bool:
        return self.expectations.unmet((kind_of(owner).resource, key_of(owner))) is None

    def pods(self) -> list[core.Pod]:
        return self.store.all(registry.PODS)
