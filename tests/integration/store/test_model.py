"""The store against a model: writers, watchers, lists, compaction and restarts in any order, by two servers on one etcd.

The model keeps every state there ever was. Whatever happens, watchers are told each change once and in order, or that they
have expired; lists show one of the states; and what was acknowledged is there. Values are encrypted, as secrets are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.server.backend import Backend
from controlplane.server.reads import Reads
from controlplane.server.users import MASTERS, Caller, User
from controlplane.server.watches import Watches
from controlplane.store.encryption import fresh_config
from controlplane.store.etcd.client import Etcd
from controlplane.store.log import EventLog
from controlplane.store.records import Record
from controlplane.store.store import Store
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire
from protos.v1.resources_pb2 import WatchEvent
from tests.support.etcd import RealEtcd
from tests.support.waiting import eventually

KIND = registry.CONFIG_MAPS
KEYS = [Key(namespace, name) for namespace in ("one", "two") for name in ("a", "b", "c")]
SERVERS = 2
CALLER = Caller(User("model", frozenset({MASTERS})))

R = TypeVar("R")
Change = tuple[int, int, Key, str]  # revision, type, key, value


@dataclass(frozen=True)
class Version:
    """An object at a revision."""

    value: str
    team: str
    revision: int


State = dict[Key, Version]


@dataclass(frozen=True)
class Selector:
    namespace: str
    labels: str
    fields: str
    picks: Callable[[Key, Version], bool]


SELECTORS = [
    Selector("", "", "", lambda key, version: True),
    Selector("one", "", "", lambda key, version: key.namespace == "one"),
    Selector("", "", "metadata.name=a", lambda key, version: key.name == "a"),
    Selector("", "team=red", "", lambda key, version: version.team == "red"),
    Selector("two", "team!=red", "", lambda key, version: key.namespace == "two" and version.team != "red"),
]


@dataclass(frozen=True)
class Write:
    """What one writer does: a new value in a key, or its end (no value). `stale` is how many versions it is behind."""

    server: int
    key: Key
    team: str
    removes: bool
    stale: int


WRITES = st.builds(
    Write,
    server=st.integers(0, SERVERS - 1),
    key=st.sampled_from(KEYS),
    team=st.sampled_from(["red", "blue"]),
    removes=st.sampled_from([False, False, True]),
    stale=st.sampled_from([0, 0, 0, 0, 1, 2]),
)


class Model:
    """Every state, by the revision at which it began."""

    def __init__(self, revision: int) -> None:
        self.states: list[tuple[int, State]] = [(revision, {})]
        self.records: dict[Key, list[Record | None]] = {key: [None] for key in KEYS}

    @property
    def revision(self) -> int:
        return self.states[-1][0]

    def at(self, revision: int) -> State:
        return next(state for begun, state in reversed(self.states) if begun <= revision)

    def apply(self, revision: int, key: Key, version: Version | None) -> None:
        if revision > self.revision:
            self.states.append((revision, dict(self.states[-1][1])))
        assert revision == self.revision
        state = self.states[-1][1]
        if version is None:
            del state[key]
        else:
            state[key] = version

    def changes(self, after: int, selector: Selector) -> list[Change]:
        """What a watcher must be told, ordered by revision and key."""
        told: list[Change] = []
        for (_, before), (revision, state) in zip(self.states, self.states[1:], strict=False):
            for key in KEYS:
                old, new = before.get(key), state.get(key)
                if revision <= after or old == new:
                    continue
                matched = old is not None and selector.picks(key, old)
                matches = new is not None and selector.picks(key, new)
                if matches and new is not None:
                    told.append((revision, WatchEvent.MODIFIED if matched else WatchEvent.ADDED, key, new.value))
                elif matched and (last := new or old) is not None:
                    told.append((revision, WatchEvent.DELETED, key, last.value))
        return told


@dataclass
class Watcher:
    selector: Selector
    log: EventLog
    after: int | None  # the revision it resumes from; None: it begins with what there is
    task: asyncio.Task[None] | None = None
    told: list[Change] = field(default_factory=list)
    expired: bool = False
    initial: State | None = None

    async def run(self, watches: Watches) -> None:
        initial: State = {}
        request = wire.WatchRequest(
            resource=KIND.resource, namespace=self.selector.namespace, label_selector=self.selector.labels,
            field_selector=self.selector.fields, send_initial_events=self.after is None,
            resource_version="" if self.after is None else str(self.after),
        )  # fmt: skip
        try:
            async for chunk in watches.watch(CALLER, request):
                for event in wire.WatchResponse.FromString(chunk).events:
                    if event.initial_events_end:
                        self.after, self.initial = int(event.resource_version), initial
                    elif self.after is None:
                        obj = event.object.config_map
                        initial[Key(obj.metadata.namespace, obj.metadata.name)] = version_of(obj)
                    else:
                        self._take(event)
        except errors.Expired:
            self.expired = True

    def _take(self, event: wire.WatchEvent) -> None:
        obj = event.object.config_map
        key = Key(obj.metadata.namespace, obj.metadata.name)
        self.told.append((int(event.resource_version), event.type, key, obj.data["value"]))

    def check(self, model: Model, *, complete: bool) -> bool:
        """Fails if what was told is not what happened; whether all of it was told."""
        if self.after is None:
            assert not self.told
            return False
        if self.initial is not None:
            state = model.at(self.after)
            assert self.initial == {key: found for key, found in state.items() if self.selector.picks(key, found)}
        expected = model.changes(self.after, self.selector)
        told = sorted(self.told, key=lambda change: change[0])
        assert [change[0] for change in self.told] == [change[0] for change in told], "out of order"
        told.sort(key=lambda change: (change[0], KEYS.index(change[2])))
        assert told == expected[: len(told)], "lost, repeated or wrong"
        assert not complete or len(told) == len(expected), f"not told {expected[len(told) :]}"
        return len(told) == len(expected)


def version_of(obj: core.ConfigMap) -> Version:
    return Version(obj.data["value"], obj.metadata.labels["team"], int(obj.metadata.resource_version))


class Server:
    """What a server does with its store, without its doors."""

    def __init__(self, etcd: RealEtcd, encryption: Path) -> None:
        self.store = Store(etcd.endpoint, history_seconds=3600, encryption=encryption)
        backend = cast("Backend", _Allowing(self.store))
        self.reads, self.watches = Reads(backend), Watches(backend)
        self.watchers: list[Watcher] = []
        self.task = asyncio.get_running_loop().create_task(self.store.run())

    async def started(self) -> Server:
        await self.store.cache.loaded()
        return self

    async def stop(self) -> None:
        tasks = [self.task, *(watcher.task for watcher in self.watchers if watcher.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Allowing:
    """A backend for reads alone, in which everybody may read everything: who may is not the question here."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.authorizer = self

    def check(self, *_args: object, **_named: object) -> None:
        return None

    check_many = check


class StoreMachine(RuleBasedStateMachine):
    etcd: ClassVar[RealEtcd]
    runner: ClassVar[asyncio.Runner]
    encryption: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.servers: list[Server] = []
        self.compacted = 0
        self.count = 0

    def run_now(self, work: Coroutine[Any, Any, R]) -> R:
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        async def started() -> None:
            await self.etcd.empty()
            self.raw = Etcd(self.etcd.endpoint)
            self.servers = [await Server(self.etcd, self.encryption).started() for _ in range(SERVERS)]
            self.model = Model(await self.raw.revision())

        self.run_now(started())

    @rule(writes=st.lists(WRITES, min_size=1, max_size=6))
    def write(self, writes: list[Write]) -> None:
        """Writers at once. Each names the version it replaces: that of the newest state, or an older one."""

        async def written() -> list[tuple[Write, Record | None, int | None, str]]:
            return await asyncio.gather(*(self._write(write, number) for number, write in enumerate(writes)))

        outcomes = self.run_now(written())
        tried = [(write, replaced) for write, replaced, _, _ in outcomes]
        done = sorted((revision, number) for number, (_, _, revision, _) in enumerate(outcomes) if revision)
        for revision, number in done:
            write, replaced, _, value = outcomes[number]
            present = self.model.states[-1][1].get(write.key)
            assert (present.revision if present else 0) == (replaced.revision if replaced else 0), (
                "a write on an old version"
            )
            self.model.apply(revision, write.key, None if write.removes else Version(value, write.team, revision))
        winners = [outcomes[number][0].key for _, number in done]
        for number, (write, replaced) in enumerate(tried):
            if outcomes[number][2] is None and write.key not in winners:
                present = self.model.states[-1][1].get(write.key)
                wanted = replaced.revision if replaced else 0
                assert (present.revision if present else 0) != wanted, "refused without a reason"

    async def _write(self, write: Write, number: int) -> tuple[Write, Record | None, int | None, str]:
        """The write, the version it would replace, its revision, None if it was refused, and its value."""
        store, known = self.servers[write.server].store, self.model.records[write.key]
        replaced = known[max(len(known) - 1 - write.stale, 0)]
        if write.removes and replaced is None:
            write = Write(write.server, write.key, write.team, False, write.stale)
        self.count += 1
        value = f"{self.count}"
        if write.removes:
            assert replaced is not None
            end = await store.remove(replaced)
            if end is not None:
                known.append(None)
            return write, replaced, end, value
        obj = core.ConfigMap(data={"value": value})
        obj.metadata.namespace, obj.metadata.name = write.key
        obj.metadata.labels["team"] = write.team
        record = await store.write(KIND, obj, replaces=replaced)
        if record is not None:
            known.append(record)
        return write, replaced, record.revision if record else None, value

    @rule(server=st.integers(0, SERVERS - 1), selector=st.sampled_from(SELECTORS), back=st.integers(-1, 12))
    def watch(self, server: int, selector: Selector, back: int) -> None:
        """Begins with what there is, or resumes from a state some steps back."""
        after = None if back < 0 else self.model.states[max(len(self.model.states) - 1 - back, 0)][0]
        chosen = self.servers[server]

        async def begun() -> None:
            if after is not None:
                await chosen.store.reach(after)
            log = chosen.store.cache.of(KIND).log
            watcher = Watcher(selector, log, after)
            if after is not None and after < log.since:
                await watcher.run(chosen.watches)
                assert watcher.expired, "resumed with a gap"
                return
            watcher.task = asyncio.get_running_loop().create_task(watcher.run(chosen.watches))
            chosen.watchers.append(watcher)
            await asyncio.sleep(0)

        self.run_now(begun())

    @precondition(lambda self: any(server.watchers for server in self.servers))
    @rule()
    def watchers_catch_up(self) -> None:
        self.run_now(self._caught_up())

    async def _caught_up(self) -> None:
        for server in self.servers:
            await server.store.reach(self.model.revision)
            for watcher in list(server.watchers):
                await eventually(lambda w=watcher: w.expired or w.check(self.model, complete=False))  # type: ignore[misc]
                watcher.check(self.model, complete=not watcher.expired)
                assert not watcher.expired or (watcher.log.closed and self.compacted), "expired without a reason"
                if watcher.expired:
                    server.watchers.remove(watcher)

    @rule(server=st.integers(0, SERVERS - 1))
    def restart(self, server: int) -> None:
        """A server ends at any moment; its watchers have been told a beginning of what happened."""

        async def restarted() -> None:
            await self.servers[server].stop()
            for watcher in self.servers[server].watchers:
                watcher.check(self.model, complete=False)
            self.servers[server] = await Server(self.etcd, self.encryption).started()

        self.run_now(restarted())

    @rule(back=st.integers(0, 8))
    def compact(self, back: int) -> None:
        revision = self.model.states[max(len(self.model.states) - 1 - back, 0)][0]
        self.run_now(self.raw.compact(revision))
        self.compacted = max(self.compacted, revision)

    @rule(server=st.integers(0, SERVERS - 1), selector=st.sampled_from(SELECTORS), limit=st.sampled_from([0, 1, 2]))
    def list_newest(self, server: int, selector: Selector, limit: int) -> None:
        revision, found = self.run_now(self._list(server, selector, limit, "", ""))
        assert revision >= self.model.revision
        assert found == self._picked(self.model.revision, selector)

    @rule(
        server=st.integers(0, SERVERS - 1), selector=st.sampled_from(SELECTORS), limit=st.sampled_from([0, 2]),
        back=st.integers(0, 12),
    )  # fmt: skip
    def list_exactly(self, server: int, selector: Selector, limit: int, back: int) -> None:
        revision = self.model.states[max(len(self.model.states) - 1 - back, 0)][0]
        try:
            shown, found = self.run_now(self._list(server, selector, limit, str(revision), "Exact"))
        except errors.Expired:
            assert revision < self.compacted, "expired without a reason"
            return
        assert shown == revision
        assert found == self._picked(revision, selector)

    @rule(selector=st.sampled_from(SELECTORS), write=WRITES)
    def list_while_it_changes(self, selector: Selector, write: Write) -> None:
        """Pages of one list, asked of one server after the other, with a write after the first."""

        async def first() -> wire.ListRequest:
            request = self._request(selector, 1, "", "")
            page = await self.servers[0].reads.list(CALLER, request)
            request.continue_token = page.metadata.continue_token
            self.before = [record.key for record in page.records], int(page.metadata.resource_version)
            return request

        request = self.run_now(first())
        keys, revision = self.before
        self.write([write])
        server = 1
        while request.continue_token:
            page = self.run_now(self.servers[server].reads.list(CALLER, request))
            keys += [record.key for record in page.records]
            request.continue_token = page.metadata.continue_token
            server = 1 - server
        assert keys == sorted(self._picked(revision, selector))

    async def _list(self, server: int, selector: Selector, limit: int, version: str, match: str) -> tuple[int, State]:
        request = self._request(selector, limit, version, match)
        records: list[Record] = []
        while True:
            page = await self.servers[server].reads.list(CALLER, request)
            records.extend(page.records)
            request.continue_token, request.resource_version, request.resource_version_match = "", "", ""
            request.continue_token = page.metadata.continue_token
            if not request.continue_token:
                found = {record.key: version_of(cast("core.ConfigMap", record.message())) for record in records}
                assert [record.key for record in records] == sorted(found), "a page repeats or is out of order"
                return int(page.metadata.resource_version), found

    def _request(self, selector: Selector, limit: int, version: str, match: str) -> wire.ListRequest:
        return wire.ListRequest(
            resource=KIND.resource, namespace=selector.namespace, label_selector=selector.labels,
            field_selector=selector.fields, limit=limit, resource_version=version, resource_version_match=match,
        )  # fmt: skip

    def _picked(self, revision: int, selector: Selector) -> State:
        return {key: version for key, version in self.model.at(revision).items() if selector.picks(key, version)}

    def teardown(self) -> None:
        async def ended() -> None:
            try:
                await self._caught_up()
                for server in self.servers:
                    for key, version in self.model.states[-1][1].items():
                        record = await server.store.get(KIND, key)
                        assert record is not None
                        assert version_of(cast("core.ConfigMap", record.message())) == version
            finally:
                for server in self.servers:
                    await server.stop()
                await self.raw.close()

        if self.servers:
            self.run_now(ended())


def test_nothing_is_lost_or_repeated_in_any_interleaving(etcd_process: RealEtcd, tmp_path: Path) -> None:
    config = tmp_path / "encryption.yaml"
    config.write_text(fresh_config(["configmaps"]))
    with asyncio.Runner() as runner:
        machine = cast(
            "type[StoreMachine]",
            type("Machine", (StoreMachine,), {"etcd": etcd_process, "runner": runner, "encryption": config}),
        )
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
