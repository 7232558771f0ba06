"""From tables to map writes: the fewest that get from what the maps hold to what they should hold, in a safe order.

A service's backends stand in one of two sets of slots. A change fills the other set, then one write of the frontend's value
points there: a packet sees the old set or the new one, whole. What is no longer used goes last. A process that dies in
between leaves nothing a later one cannot read back and put right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dataplane.bpf.layout import Values
from dataplane.bpf.maps import Map
from dataplane.network.desired import Backend, Frontend, Protocol, ServicePort, Tables

_NUMBERS: dict[Protocol, int] = {"TCP": 6, "UDP": 17}
_PROTOCOLS = {number: protocol for protocol, number in _NUMBERS.items()}
_ANY_NODE = "0.0.0.0"
_MOST_BACKENDS = 0xFFFF
_NO_TRAFFIC = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A frontend's value: which service, how many backends, and in which set of slots (by its lowest bit)."""

    id: int
    count: int
    generation: int

    @property
    def buffer(self) -> int:
        return self.generation & 1


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """A backend of a service, whatever its slot."""

    service: int
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class State:
    """What the maps hold. `slots`: (service id, buffer) -> slot -> backend."""

    entries: Mapping[Frontend, Entry] = field(default_factory=dict)
    slots: Mapping[tuple[int, int], Mapping[int, Backend]] = field(default_factory=dict)
    members: frozenset[Member] = frozenset()
    node_addresses: frozenset[str] = frozenset()

    def backends(self, entry: Entry) -> tuple[Backend | None, ...]:
        slots = self.slots.get((entry.id, entry.buffer), {})
        return tuple(slots.get(slot) for slot in range(entry.count))


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write, and what to remove afterwards."""

    new_ids: tuple[int, ...]
    new_members: frozenset[Member]
    new_slots: Mapping[tuple[int, int, int], Backend]
    new_entries: Mapping[Frontend, Entry]
    new_addresses: frozenset[str]
    old_entries: frozenset[Frontend]
    old_members: frozenset[Member]
    old_slots: frozenset[tuple[int, int, int]]
    old_addresses: frozenset[str]


def plan(state: State, tables: Tables, *, most_services: int) -> tuple[Changes, State]:
    """The changes that make `state` hold `tables`, and the state they lead to. Nothing to do gives empty changes."""
    ids = _assign_ids(state, tables.services, most_services=most_services)
    generations = _generations(state)
    entries: dict[Frontend, Entry] = {}
    slots: dict[tuple[int, int], Mapping[int, Backend]] = {}
    for service, number in zip(tables.services, ids, strict=True):
        entry = _present_entry(state, number, service)
        if entry is None:
            generation = (generations.get(number, -1) + 1) & 0xFFFFFFFF
            entry = Entry(number, min(len(service.backends), _MOST_BACKENDS), generation)
        entries |= dict.fromkeys(service.frontends, entry)
        slots |= _buffers(state, entry, service)
    members = frozenset(
        Member(number, backend.address, backend.port)
        for service, number in zip(tables.services, ids, strict=True)
        for backend in service.backends[:_MOST_BACKENDS]
    )
    after = State(entries, slots, members, tables.node_addresses)
    return _difference(state, after), after


def _assign_ids(state: State, services: Iterable[ServicePort], *, most_services: int) -> list[int]:
    """A service keeps the number that one of its frontends has; a new one gets a number not in use."""
    used = {entry.id for entry in state.entries.values()}
    taken: set[int] = set()
    ids: list[int] = []
    fresh = max(used, default=0)
    for service in services:
        known = (state.entries[each].id for each in service.frontends if each in state.entries)
        number = next((each for each in known if each not in taken), None)
        if number is None:
            fresh = number = _free_id(fresh + 1, used | taken, most_services)
        taken.add(number)
        ids.append(number)
    return ids


def _free_id(start: int, used: set[int], most: int) -> int:
    if start < most:
        return start
    free = next((each for each in range(1, most) if each not in used), None)
    if free is None:
        raise OverflowError(f"more than {most - 1} service ports: raise MAX_SERVICES in consts.h")
    return free


def _generations(state: State) -> dict[int, int]:
    """Service id to the latest generation of its slots."""
    latest: dict[int, int] = {}
    for entry in state.entries.values():
        latest[entry.id] = max(entry.generation, latest.get(entry.id, 0))
    return latest


def _present_entry(state: State, number: int, service: ServicePort) -> Entry | None:
    """The entry that already stands for these very backends."""
    for frontend in service.frontends:
        present = state.entries.get(frontend)
        if present and present.id == number and state.backends(present) == service.backends[:_MOST_BACKENDS]:
            return present
    return None


def _buffers(state: State, entry: Entry, service: ServicePort) -> dict[tuple[int, int], Mapping[int, Backend]]:
    """Both sets of slots of a service: the current one as wanted, the other as it is."""
    current, other = (entry.id, entry.buffer), (entry.id, 1 - entry.buffer)
    found: dict[tuple[int, int], Mapping[int, Backend]] = {
        current: dict(enumerate(service.backends[:_MOST_BACKENDS])),
    }
    if other in state.slots:
        found[other] = state.slots[other]
    return found


def _difference(before: State, after: State) -> Changes:
    old_slots, new_slots = _flat(before), _flat(after)
    ids_before = {entry.id for entry in before.entries.values()}
    ids_after = {entry.id for entry in after.entries.values()}
    return Changes(
        new_ids=tuple(sorted(ids_after - ids_before)),
        new_members=after.members - before.members,
        new_slots={key: backend for key, backend in new_slots.items() if old_slots.get(key) != backend},
        new_entries={each: entry for each, entry in after.entries.items() if before.entries.get(each) != entry},
        new_addresses=after.node_addresses - before.node_addresses,
        old_entries=frozenset(before.entries.keys() - after.entries.keys()),
        old_members=before.members - after.members,
        old_slots=frozenset(old_slots.keys() - new_slots.keys()),
        old_addresses=before.node_addresses - after.node_addresses,
    )


def _flat(state: State) -> dict[tuple[int, int, int], Backend]:
    return {(*key, slot): backend for key, slots in state.slots.items() for slot, backend in slots.items()}


def read(maps: Mapping[str, Map]) -> State:
    """What the maps hold now."""
    entries = {
        Frontend("" if address == _ANY_NODE else address, port, _PROTOCOLS[number]): Entry(*value)
        for (address, port, number), value in maps["services"].items()
    }
    slots: dict[tuple[int, int], dict[int, Backend]] = defaultdict(dict)
    for (service, buffer, slot), (address, port, local) in maps["backends"].items():
        slots[service, buffer][slot] = Backend(address, port, bool(local))
    members = frozenset(Member(*key) for key, _ in maps["members"].items())
    addresses = frozenset(address for (address,), _ in maps["node_addresses"].items())
    return State(entries, dict(slots), members, addresses)


def execute(changes: Changes, maps: Mapping[str, Map]) -> None:
    """Writes what is new, frontends last; then removes what is old, frontends first."""
    maps["service_traffic"].update({(number,): _NO_TRAFFIC for number in changes.new_ids})
    maps["members"].update({_member_key(each): _NO_TRAFFIC for each in changes.new_members})
    maps["backends"].update({key: (each.address, each.port, each.local) for key, each in changes.new_slots.items()})
    maps["services"].update(
        {_service_key(each): (entry.id, entry.count, entry.generation) for each, entry in changes.new_entries.items()}
    )
    maps["node_addresses"].update({(address,): (1,) for address in changes.new_addresses})
    maps["node_addresses"].delete((address,) for address in changes.old_addresses)
    maps["services"].delete(_service_key(each) for each in changes.old_entries)
    maps["members"].delete(_member_key(each) for each in changes.old_members)
    maps["backends"].delete(changes.old_slots)


def _service_key(frontend: Frontend) -> Values:
    return (frontend.address or _ANY_NODE, frontend.port, _NUMBERS[frontend.protocol])


def _member_key(member: Member) -> Values:
    return (member.service, member.address, member.port)
