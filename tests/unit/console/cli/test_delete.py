"""How long a deleted object has: a slip of the finger must not kill without grace."""

from __future__ import annotations

import pytest

from console.cli.delete import grace_seconds
from console.cli.failures import CommandError


@pytest.mark.parametrize(
    ("given", "now", "force", "seconds"),
    [
        (-1, False, False, None),
        (30, False, False, 30),
        (0, False, False, 1),
        (-1, True, False, 1),
        (-1, False, True, 0),
        (0, False, True, 0),
    ],
)
def test_only_force_allows_no_grace(given: int, now: bool, force: bool, seconds: int | None) -> None:
    assert grace_seconds(given, now=now, force=force) == seconds


@pytest.mark.parametrize(("given", "now", "force"), [(5, True, False), (5, False, True)])
def test_contradictions_are_refused(given: int, now: bool, force: bool) -> None:
    with pytest.raises(CommandError, match="cannot be specified together"):
        grace_seconds(given, now=now, force=force)
