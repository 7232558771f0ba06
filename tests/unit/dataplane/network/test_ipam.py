"""Which address a pod gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane.network.errors import NetworkError
from dataplane.network.ipam import next_address

SMALL = "10.244.3.0/29"  # pods get .2 to .6


@pytest.mark.parametrize(
    ("used", "after", "expected"),
    [
        pytest.param([], "", "10.244.3.2", id="the first is kept for the node"),
        pytest.param(["10.244.3.2"], "10.244.3.2", "10.244.3.3", id="in turn"),
        pytest.param([], "10.244.3.4", "10.244.3.5", id="one that came free rests"),
        pytest.param(["10.244.3.5"], "10.244.3.4", "10.244.3.6", id="over one in use"),
        pytest.param(["10.244.3.2"], "10.244.3.6", "10.244.3.3", id="from the start again"),
        pytest.param([], "10.99.0.1", "10.244.3.2", id="the range has changed"),
        pytest.param([], "10.244.3.7", "10.244.3.2", id="behind the end"),
    ],
)
def test_addresses_are_given_in_turn(used: list[str], after: str, expected: str) -> None:
    assert next_address(SMALL, used, after=after) == expected


def test_a_full_range_is_an_error_that_names_it() -> None:
    with pytest.raises(NetworkError, match=r"10\.244\.3\.0/29: all 5 addresses"):
        next_address(SMALL, [f"10.244.3.{host}" for host in range(2, 7)])


@given(st.sets(st.integers(2, 6), max_size=4), st.integers(0, 7))
def test_an_address_in_use_is_never_given(used: set[int], after: int) -> None:
    addresses = {f"10.244.3.{host}" for host in used}
    given_out = next_address(SMALL, addresses, after=f"10.244.3.{after}")
    assert given_out not in addresses
    assert 2 <= int(given_out.rpartition(".")[2]) <= 6
