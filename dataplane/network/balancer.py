"""From tables to map writes: the fewest that get from what the maps hold to what they should hold, in a safe order. Pure.

A service's backends stand in one of two sets of slots. A change fills the other set, then one write of the frontend's value
points there: a packet sees the old set or the new one, whole. What is no longer used goes last. A process that dies in
between leaves nothing a later one cannot read back and put right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from dataplane.network.desired import Backend, Frontend, ServicePort, Tables

_MOST_BACKENDS = 0xFFFF
_UNCOUNTED = 0

Slot: TypeAlias = tuple[int, int, int]  # service id, buffer, slot


class Entry(NamedTuple):
    """A frontend's value: which service, how many backends, and in which set of slots (by the generation's lowest bit)."""

    id: int
    size: int
    generation: int

    @property
    def buffer(self) -> int:
        return self.generation & 1


class Member(NamedTuple):
    """A backend of a service, whatever its slot."""

    service: int
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class State:
    """What the maps hold. `slots`: (service id, buffer) -> backends, None where one is missing. `members`: service id ->
    its backends, each with the number of its counters."""

    entries: Mapping[Frontend, Entry] = field(default_factory=dict)
    slots: Mapping[tuple[int, int], tuple[Backend | None, ...]] = field(default_factory=dict)
    members: Mapping[int, Mapping[Member, int]] = field(default_factory=dict)
    node_addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many services, and how many counted backends, the maps have room for; number 0 of each is not given out."""

    services: int
    counted: int


@dataclass(slots=True)
class Changes:
    """What to write, and what to remove afterwards."""

    new_services: list[int] = field(default_factory=list)
    new_members: dict[Member, int] = field(default_factory=dict)
    new_slots: dict[Slot, Backend] = field(default_factory=dict)
    new_entries: dict[Frontend, Entry] = field(default_factory=dict)
    new_addresses: frozenset[str] = frozenset()
    old_entries: list[Frontend] = field(default_factory=list)
    old_members: list[Member] = field(default_factory=list)
    old_slots: list[Slot] = field(default_factory=list)
    old_addresses: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


def plan(state: State, tables: Tables, limits: Limits) -> tuple[Changes, State]:
    """The changes that make `state` hold `tables`, and the state they lead to. Nothing to do gives empty changes."""
    planner = _Planner(state, limits)
    ids = _assign_ids(state, tables.services, limits=limits)
    for service, number in zip(tables.services, ids, strict=True):
        planner.serve(number, service)
    planner.drop(keep=set(ids), frontends={each for service in tables.services for each in service.frontends})
    return planner.finish(tables.node_addresses)


def _assign_ids(state: State, services: Iterable[ServicePort], *, limits: Limits) -> list[int]:
    """A service keeps the number that one of its frontends has; a new one gets a number not in use."""
    used = {entry.id for entry in state.entries.values()}
    fresh = _numbers(used, limits.services)
    taken: set[int] = set()
    ids = []
    for service in services:
        known = (state.entries[each].id for each in service.frontends if each in state.entries)
        number = next((each for each in known if each not in taken), None) or next(fresh, None)
        if number is None:
            raise OverflowError(f"more than {limits.services - 1} service ports: raise MAX_SERVICES in consts.h")
        taken.add(number)
        ids.append(number)
    return ids


def _numbers(used: Collection[int], limit: int) -> Iterator[int]:
    """Numbers not in use: those behind the highest first, so that one that came free rests."""
    highest = max(used, default=0)
    yield from range(highest + 1, limit)
    yield from (number for number in range(1, min(highest, limit)) if number not in used)


class _Planner:
    """Gathers changes while the next state grows from a copy of the present one."""

    def __init__(self, state: State, limits: Limits) -> None:
        self._before = state
        self._entries = dict(state.entries)
        self._slots = dict(state.slots)
        self._members = dict(state.members)
        self._known_ids = {entry.id for entry in state.entries.values()}
        self._generations: dict[int, int] = {}
        for entry in state.entries.values():
            self._generations[entry.id] = max(entry.generation, self._generations.get(entry.id, 0))
        counted = {number for each in state.members.values() for number in each.values()}
        self._counters = _numbers(counted, limits.counted)
        self._changes = Changes()

    def serve(self, number: int, service: ServicePort) -> None:
        """Writes nothing for a service that is in place."""
        backends = service.backends[:_MOST_BACKENDS]
        entry = self._present_entry(number, service.frontends, backends)
        if entry is None:
            generation = (self._generations.get(number, -1) + 1) & 0xFFFFFFFF
            entry = Entry(number, len(backends), generation)
            self._fill(entry, backends)
        self._set_members(number, backends)
        for frontend in service.frontends:
            if self._entries.get(frontend) != entry:
                self._entries[frontend] = self._changes.new_entries[frontend] = entry
        if number not in self._known_ids:
            self._known_ids.add(number)
            self._changes.new_services.append(number)

    def drop(self, *, keep: set[int], frontends: set[Frontend]) -> None:
        """Removes the other frontends and services."""
        self._changes.old_entries += [each for each in self._before.entries if each not in frontends]
        for frontend in self._changes.old_entries:
            del self._entries[frontend]
        for number in [each for each in self._members if each not in keep]:
            self._changes.old_members += self._members.pop(number)
        for key in [each for each in self._slots if each[0] not in keep]:
            self._changes.old_slots += [(*key, slot) for slot, each in enumerate(self._slots.pop(key)) if each]

    def finish(self, node_addresses: frozenset[str]) -> tuple[Changes, State]:
        self._changes.new_addresses = node_addresses - self._before.node_addresses
        self._changes.old_addresses = self._before.node_addresses - node_addresses
        return self._changes, State(self._entries, self._slots, self._members, node_addresses)

    def _present_entry(self, number: int, frontends: Iterable[Frontend], backends: Sequence[Backend]) -> Entry | None:
        """The entry that already stands for these very backends."""
        for frontend in frontends:
            present = self._entries.get(frontend)
            if present is None or present.id != number or present.size != len(backends):
                continue
            if self._slots.get((number, present.buffer), ())[: present.size] == backends:
                return present
        return None

    def _fill(self, entry: Entry, backends: tuple[Backend, ...]) -> None:
        """The set of slots that `entry` points at; what stood there two changes ago is written over."""
        key = (entry.id, entry.buffer)
        there = self._slots.get(key, ())
        for slot, backend in enumerate(backends):
            if slot >= len(there) or there[slot] != backend:
                self._changes.new_slots[*key, slot] = backend
        self._changes.old_slots += [(*key, slot) for slot in range(len(backends), len(there)) if there[slot]]
        self._slots[key] = backends

    def _set_members(self, number: int, backends: Iterable[Backend]) -> None:
        there = self._members.get(number, {})
        wanted = {Member(number, backend.address, backend.port) for backend in backends}
        if there.keys() == wanted:
            return
        new = {member: next(self._counters, _UNCOUNTED) for member in sorted(wanted - there.keys())}
        self._changes.new_members |= new
        self._changes.old_members += there.keys() - wanted
        self._members[number] = {member: each for member, each in there.items() if member in wanted} | new
