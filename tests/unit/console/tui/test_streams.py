from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tui.feeds import Feeds
from console.tui.model.sanitize import clean_line
from console.tui.model.views import LogLine, LogRequest
from console.tui.streams import Lines
from controlplane.api import errors, registry
from tests.console import scene
from tests.console.fake_cluster import FakeCluster
from tests.support.server import running
from tests.support.waiting import eventually
from tests.unit.console.tui.hostile import is_safe

POD = "api-6d4f8c9b7-2kxqp"


@given(st.text(alphabet="ab\né日\x1b[/", max_size=60), st.integers(1, 7))
def test_pieces_of_any_size_make_the_same_lines(text: str, size: int) -> None:
    """Even when a piece ends in the middle of a character."""
    raw, lines = text.encode(), Lines()
    got: list[str] = []
    for start in range(0, len(raw), size):
        got += lines.feed(raw[start : start + size])
    got += lines.end()
    whole = text.split("\n")
    assert got == [clean_line(line) for line in (whole if whole[-1] else whole[:-1])]
    assert all(is_safe(line) for line in got)


def test_a_line_that_never_ends_is_handed_on() -> None:
    assert Lines().feed(b"x" * 100_000)


@pytest.fixture
def world() -> FakeCluster:
    return scene.cluster()


@pytest.fixture
async def feeds(world: FakeCluster) -> AsyncIterator[Feeds]:
    made = Feeds(lambda: world.now)
    async with running(made.run(world.client(), lambda _: None, lambda _: None), "feeds"):  # type: ignore[arg-type]
        yield made


def listen(feeds: Feeds, name: str = POD, **options: object) -> list[str]:
    heard: list[str] = []

    def take(lines: Sequence[LogLine]) -> None:
        heard.extend(line.text for line in lines)

    feeds.open_logs(LogRequest(lambda pod: pod.metadata.name == name, **options), take)  # type: ignore[arg-type]
    return heard


async def test_a_lost_connection_is_told_and_taken_up_again(feeds: Feeds, world: FakeCluster) -> None:
    world.logs[(POD, "api")] = [b"one\n"]
    heard = listen(feeds)
    await eventually(lambda: heard == ["one"])
    world.cut()
    await eventually(lambda: any("connection lost" in line for line in heard))
    world.mend()
    world.logs[(POD, "api")].append(b"two\n")
    await eventually(lambda: heard[-1] == "two", within=10)


async def test_a_refusal_is_told_in_the_stream(feeds: Feeds, world: FakeCluster) -> None:
    world.refused["logs"] = errors.Forbidden("pods/log is forbidden")
    heard = listen(feeds)
    await eventually(lambda: heard == ["── pods/log is forbidden ──"])


async def test_only_the_tail_is_asked_for(feeds: Feeds, world: FakeCluster) -> None:
    world.logs[(POD, "api")] = [f"line {number}\n".encode() for number in range(50)]
    heard = listen(feeds, tail_lines=3)
    await eventually(lambda: heard == ["line 47", "line 48", "line 49"])


async def test_the_next_life_of_a_container_is_followed_as_well(feeds: Feeds, world: FakeCluster) -> None:
    world.logs[(POD, "api")] = [b"first life\n"]
    heard = listen(feeds)
    await eventually(lambda: heard == ["first life"])
    again = type(world.get(registry.PODS, POD))()
    again.CopyFrom(world.get(registry.PODS, POD))
    again.status.container_statuses[0].restart_count += 1
    world.put(again)
    await eventually(lambda: heard.count("first life") == 2)


async def test_a_flood_is_read_no_faster_than_it_is_shown(feeds: Feeds, world: FakeCluster) -> None:
    world.logs[(POD, "api")] = [b"x" * 50 + b"\n"] * 30_000
    heard = listen(feeds, tail_lines=None)
    await eventually(lambda: len(heard) == 30_000, within=20)
