"""The list of reserved ports."""

from __future__ import annotations

import pytest

from dataplane.network.sysctl import with_ports


@pytest.mark.parametrize(
    ("reserved", "expected"),
    [
        pytest.param("", "49152-65535", id="none before"),
        pytest.param("8080,9000-9100", "8080,9000-9100,49152-65535", id="others stay"),
        pytest.param("49152-65535", "49152-65535", id="once is enough"),
        pytest.param("49000-50000", "49000-65535", id="overlapping"),
        pytest.param("49151", "49151-65535", id="adjoining"),
    ],
)
def test_ports_are_added_to_those_reserved_already(reserved: str, expected: str) -> None:
    assert with_ports(reserved, 49152, 65535) == expected
