"""From one set of tables to the next: the writes, and what a packet may see between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.network.balancer import Changes, Entry, Limits, Member, State, plan
from dataplane.network.desired import Backend, Frontend, ServicePort, Tables

LIMITS = Limits(services=50, counted=200)

backends = st.builds(lambda number: Backend(f"10.244.0.{number}", 8080), st.integers(2, 9))


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Up to five services, each with the cluster IP of its number, some with a node port that services may pass on."""
    numbers = draw(st.sets(st.integers(1, 8), max_size=5))
    ports = draw(st.permutations(range(30000, 30005)))
    services = []
    for number, port in zip(sorted(numbers), ports, strict=False):
        frontends = [Frontend(f"10.96.0.{number}", 80, "TCP")]
        if draw(st.booleans()):
            frontends.insert(0, Frontend("", port, "TCP"))
        chosen = tuple(sorted(draw(st.sets(backends, max_size=6))))
        services.append(ServicePort(f"default/s{number}:80", tuple(frontends), chosen))
    return Tables(tuple(services), frozenset(draw(st.sets(st.sampled_from(["172.30.0.11", "172.30.0.12"])))))


class Kernel:
    """Maps as plain dictionaries, changed one write at a time in the order of `tables.execute`."""

    def __init__(self) -> None:
        self.entries: dict[Frontend, Entry] = {}
        self.slots: dict[tuple[int, int, int], Backend] = {}
        self.members: dict[Member, int] = {}
        self.addresses: set[str] = set()

    def apply(self, changes: Changes) -> list[dict[Frontend, tuple[Backend | None, ...]]]:
        """What each frontend led to after every single write."""
        seen = []
        self.members |= changes.new_members
        for slot, backend in changes.new_slots.items():
            self.slots[slot] = backend
            seen.append(self.view())
        for frontend, entry in changes.new_entries.items():
            self.entries[frontend] = entry
            seen.append(self.view())
        self.addresses |= changes.new_addresses
        self.addresses -= changes.old_addresses
        for frontend in changes.old_entries:
            del self.entries[frontend]
            seen.append(self.view())
        for member in changes.old_members:
            del self.members[member]
        for slot in changes.old_slots:
            del self.slots[slot]
            seen.append(self.view())
        return seen

    def view(self) -> dict[Frontend, tuple[Backend | None, ...]]:
        return {
            frontend: tuple(self.slots.get((entry.id, entry.buffer, slot)) for slot in range(entry.size))
            for frontend, entry in self.entries.items()
        }


def wanted(tables: Tables) -> dict[Frontend, tuple[Backend, ...]]:
    return {frontend: service.backends for service in tables.services for frontend in service.frontends}


@given(st.lists(tables(), max_size=8))
def test_every_frontend_leads_to_its_old_or_its_new_backends_at_every_moment(history: list[Tables]) -> None:
    kernel, state, before = Kernel(), State(), Tables()
    for target in history:
        changes, state = plan(state, target, LIMITS)
        for moment in kernel.apply(changes):
            for frontend, found in moment.items():
                assert found in (wanted(before).get(frontend), wanted(target).get(frontend))
        assert kernel.view() == wanted(target)
        assert kernel.addresses == target.node_addresses
        before = target


@given(st.lists(tables(), max_size=8))
def test_members_are_the_backends_in_use_each_with_a_counter_of_its_own(history: list[Tables]) -> None:
    kernel, state = Kernel(), State()
    for target in history:
        changes, state = plan(state, target, LIMITS)
        kernel.apply(changes)
        ids = {entry.id: frontend for frontend, entry in kernel.entries.items()}
        assert kernel.members.keys() == {
            Member(number, backend.address, backend.port)
            for number, frontend in ids.items()
            for backend in wanted(target)[frontend]
        }
        assert len(set(kernel.members.values())) == len(kernel.members)
        assert 0 not in kernel.members.values()


@given(tables(), tables())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(first: Tables, second: Tables) -> None:
    _, state = plan(State(), first, LIMITS)
    _, state = plan(state, second, LIMITS)
    changes, after = plan(state, second, LIMITS)
    assert not changes
    assert after == state


@given(tables(), tables())
def test_services_that_stay_are_not_written(first: Tables, second: Tables) -> None:
    _, state = plan(State(), first, LIMITS)
    changes, _ = plan(state, second, LIMITS)
    same = {frontend for frontend, found in wanted(second).items() if wanted(first).get(frontend) == found}
    touched = {frontend for frontend in changes.new_entries if frontend in same}
    # A frontend may still have to follow its service to another number, when services trade node ports.
    services = {service.frontends for service in first.services} & {service.frontends for service in second.services}
    assert not touched & {frontend for frontends in services for frontend in frontends}


def service(*numbers: int) -> Tables:
    found = tuple(Backend(f"10.244.0.{number}", 8080) for number in numbers)
    return Tables((ServicePort("default/a:80", (Frontend("10.96.0.1", 80, "TCP"),), found),))


def test_a_change_fills_the_other_slots_and_flips_once() -> None:
    _, state = plan(State(), service(2, 3), LIMITS)
    changes, _ = plan(state, service(2, 4), LIMITS)
    assert [slot[:2] for slot in changes.new_slots] == [(1, 1), (1, 1)]
    assert list(changes.new_entries.values()) == [Entry(1, 2, 1)]
    assert changes.old_members == [Member(1, "10.244.0.3", 8080)]


def test_slots_of_the_change_before_last_are_cleared_where_the_set_shrank() -> None:
    _, state = plan(State(), service(2, 3, 4), LIMITS)
    _, state = plan(state, service(2), LIMITS)
    changes, _ = plan(state, service(3), LIMITS)
    assert changes.old_slots == [(1, 0, 1), (1, 0, 2)]


def test_backends_beyond_the_counters_are_served_but_not_counted() -> None:
    changes, _ = plan(State(), service(2, 3, 4), Limits(services=50, counted=3))
    assert sorted(changes.new_members.values()) == [0, 1, 2]


def test_more_services_than_fit_is_an_error() -> None:
    many = tuple(ServicePort(str(each), (Frontend("", 30000 + each, "TCP"),), ()) for each in range(3))
    with pytest.raises(OverflowError, match="MAX_SERVICES"):
        plan(State(), Tables(many), Limits(services=3, counted=10))
