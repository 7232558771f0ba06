"""Blocking streams on the event loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dataplane.runtime.streams import follow
from tests.support.waiting import eventually


class Source:
    """A stream as docker gives one: an iterator that can be closed from another thread."""

    def __init__(self, count: int, *, then: Exception | None = None, endless: bool = False) -> None:
        self._count, self._then, self._endless = count, then, endless
        self._response = self
        self.closed = threading.Event()
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(self._count):
            self.read += 1
            yield number
        if self._then is not None:
            raise self._then
        if self._endless:
            self.closed.wait(10)

    def close(self) -> None:
        self.closed.set()


async def test_everything_arrives_in_order() -> None:
    source = Source(5000)
    items = [item async for group in follow(lambda: source) for item in group]
    assert items == list(range(5000))
    assert source.closed.is_set()


async def test_a_failure_comes_after_what_was_read_before_it() -> None:
    items: list[int] = []

    async def read() -> None:
        async for group in follow(lambda: Source(3, then=OSError("gone"))):
            items.extend(group)

    with pytest.raises(OSError, match="gone"):
        await read()
    assert items == [0, 1, 2]


async def test_a_reader_that_leaves_closes_the_stream() -> None:
    source = Source(1, endless=True)
    groups = follow(lambda: source)
    async for group in groups:
        assert group == [0]
        break
    await groups.aclose()
    await eventually(source.closed.is_set)


async def test_a_slow_reader_holds_the_stream_back() -> None:
    source = Source(1_000_000)
    groups = follow(lambda: source)
    first = await anext(groups)
    await eventually(lambda: source.read >= 1024)
    assert source.read <= 3 * 1024 + len(first)
    await groups.aclose()
