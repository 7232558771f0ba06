"""States of lists are kept for a while, and only so many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.store import snapshots
from controlplane.store.records import Record
from controlplane.store.snapshots import Snapshots

RECORDS = [Record(registry.CONFIG_MAPS, Key("default", "a"), b"", 1)]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Iterator[Snapshots]:
    kept = Snapshots(clock)
    yield kept
    kept.clear()


async def test_what_was_kept_is_found_by_its_resource_namespace_and_revision(kept: Snapshots) -> None:
    kept.keep("configmaps", "default", 7, RECORDS)
    assert kept.find("configmaps", "default", 7) is RECORDS
    assert kept.find("configmaps", "", 7) is None
    assert kept.find("configmaps", "default", 8) is None


async def test_only_so_many_are_kept_and_the_longest_unused_goes_first(kept: Snapshots) -> None:
    for revision in range(snapshots._MOST):
        kept.keep("configmaps", "", revision, RECORDS)
    assert kept.find("configmaps", "", 0) is RECORDS
    kept.keep("configmaps", "", 10_000, RECORDS)
    assert len(kept) == snapshots._MOST
    assert kept.find("configmaps", "", 0) is RECORDS
    assert kept.find("configmaps", "", 1) is None


async def test_large_ones_leave_room_for_fewer(kept: Snapshots) -> None:
    large = RECORDS * (snapshots._MOST_RECORDS // 2)
    for revision in range(3):
        kept.keep("pods", "", revision, large)
    assert len(kept) == 2
    kept.keep("pods", "", 9, [*large, *large, *RECORDS])
    assert kept.find("pods", "", 9) is None


async def test_an_unused_one_goes_after_its_time(kept: Snapshots, clock: Clock) -> None:
    kept.keep("configmaps", "", 1, RECORDS)
    kept.keep("configmaps", "", 2, RECORDS)
    clock.now = snapshots._SECONDS - 1
    assert kept.find("configmaps", "", 2) is RECORDS
    clock.now = snapshots._SECONDS
    kept.keep("configmaps", "", 3, RECORDS)
    assert kept.find("configmaps", "", 1) is None
    assert kept.find("configmaps", "", 2) is RECORDS
