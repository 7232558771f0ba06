"""The service maps as balancer's state: read, and changed in the order that no packet minds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dataplane.bpf.layout import VERDICTS, Values
from dataplane.bpf.maps import Map
from dataplane.network.balancer import Changes, Entry, Limits, Member, State
from dataplane.network.desired import Backend, Frontend, Protocol

_NUMBERS: dict[Protocol, int] = {"TCP": 6, "UDP": 17}
_PROTOCOLS = {number: protocol for protocol, number in _NUMBERS.items()}
_ANY_NODE = "0.0.0.0"
_NOTHING = (0, 0, 0, 0)

Maps = Mapping[str, Map]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a service or a backend got since it is in the tables. Packets and bytes are those translated one by one; the
    connections of sockets are translated once, at their beginning."""

    connections: int
    packets: int
    bytes: int
    refused: int


@dataclass(frozen=True, slots=True)
class Counts:
    """`verdicts`: outcome to count, as structs.h names them. `entries` tells each frontend's service id."""

    verdicts: Mapping[str, int]
    services: Mapping[Frontend, Traffic]
    backends: Mapping[Member, Traffic]
    entries: Mapping[Frontend, Entry]


def limits(maps: Maps) -> Limits:
    cpus = maps["verdicts"].entries
    return Limits(services=maps["service_traffic"].entries // cpus, counted=maps["member_traffic"].entries // cpus)


def read(maps: Maps) -> State:
    """What the maps hold now."""
    entries = {_frontend(key): Entry(*value) for key, value in maps["services"].items()}
    found: dict[tuple[int, int], dict[int, Backend]] = defaultdict(dict)
    for (service, buffer, slot), (address, port, local) in maps["backends"].items():
        found[service, buffer][slot] = Backend(address, port, bool(local))
    slots = {key: tuple(each.get(slot) for slot in range(max(each) + 1)) for key, each in found.items()}
    members: dict[int, dict[Member, int]] = defaultdict(dict)
    for key, (number,) in maps["members"].items():
        members[key[0]][Member(*key)] = number
    addresses = frozenset(address for (address,), _ in maps["node_addresses"].items())
    return State(entries, slots, dict(members), addresses)


def execute(changes: Changes, maps: Maps) -> None:
    """Writes what is new, frontends last; then removes what is old, frontends first."""
    _reset(maps["service_traffic"], changes.new_services, cpus=maps["verdicts"].entries)
    _reset(maps["member_traffic"], changes.new_members.values(), cpus=maps["verdicts"].entries)
    maps["members"].update({member: (number,) for member, number in changes.new_members.items()})
    maps["backends"].update(changes.new_slots)
    maps["services"].update({_key(frontend): entry for frontend, entry in changes.new_entries.items()})
    maps["node_addresses"].update({(address,): (1,) for address in changes.new_addresses})
    maps["node_addresses"].delete((address,) for address in changes.old_addresses)
    maps["services"].delete(_key(frontend) for frontend in changes.old_entries)
    maps["members"].delete(changes.old_members)
    maps["backends"].delete(changes.old_slots)


def counts(maps: Maps, state: State) -> Counts:
    """Read while programs count on, so figures need not add up to the last one."""
    cpus = maps["verdicts"].entries
    verdicts = zip(*(value for _, value in maps["verdicts"].items()), strict=True)
    return Counts(
        verdicts=dict(zip(VERDICTS, map(sum, verdicts), strict=True)),
        services={each: _sum(maps["service_traffic"], entry.id, cpus=cpus) for each, entry in state.entries.items()},
        backends={
            member: _sum(maps["member_traffic"], number, cpus=cpus)
            for members in state.members.values()
            for member, number in members.items()
        },
        entries=state.entries,
    )


def _reset(counters: Map, numbers: Iterable[int], *, cpus: int) -> None:
    """Counters that begin to count for something new; an element for each CPU."""
    step = counters.entries // cpus
    counters.update({(cpu * step + number,): _NOTHING for number in numbers for cpu in range(cpus)})


def _sum(counters: Map, number: int, *, cpus: int) -> Traffic:
    step = counters.entries // cpus
    each = (counters.get(cpu * step + number) or _NOTHING for cpu in range(cpus))
    return Traffic(*map(sum, zip(*each, strict=True)))


def _key(frontend: Frontend) -> Values:
    return (frontend.address or _ANY_NODE, frontend.port, _NUMBERS[frontend.protocol])


def _frontend(key: Values) -> Frontend:
    address, port, protocol = key
    return Frontend("" if address == _ANY_NODE else address, port, _PROTOCOLS[protocol])
