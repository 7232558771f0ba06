"""What a lab decides: addresses, range, names."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from dataplane.network.errors import NetworkError
from dataplane.network.lab import assign, free_range, port_name

NETWORK = IPv4Network("172.30.0.0/24")


@pytest.mark.parametrize(
    ("names", "present", "expected"),
    [
        pytest.param(["node-1", "node-2"], {}, [".11", ".12"], id="numbered names"),
        pytest.param(["node-3"], {}, [".13"], id="by number, whoever else is there"),
        pytest.param(["node-1"], {"node-1": "172.30.0.77"}, [".77"], id="what it has"),
        pytest.param(["red", "blue"], {"node-1": "172.30.0.11"}, [".12", ".13"], id="the first free"),
        pytest.param(["node-1", "other-1"], {}, [".11", ".12"], id="two of one number"),
        pytest.param(["node-0", "node-999"], {}, [".11", ".12"], id="numbers without an address"),
    ],
)
def test_addresses_follow_names(names: list[str], present: dict[str, str], expected: list[str]) -> None:
    assert [address.removeprefix("172.30.0") for address in assign(names, present, NETWORK).values()] == expected


def test_a_full_network_is_an_error_that_names_the_node() -> None:
    with pytest.raises(NetworkError, match="for node extra"):
        assign([*(f"node-{number}" for number in range(1, 5)), "extra"], {}, IPv4Network("172.30.0.0/28"))


def test_the_first_range_that_meets_no_route_is_taken() -> None:
    ranges = ["172.30.0.0/24", "172.30.1.0/24", "172.30.2.0/24"]
    assert free_range(ranges, ["172.30.0.0/25", "172.30.1.7/32"]) == IPv4Network("172.30.2.0/24")
    with pytest.raises(NetworkError, match="none of"):
        free_range(ranges, ["172.16.0.0/12"])


def test_port_names_fit_the_kernel_and_stay_apart() -> None:
    assert port_name("orlop-node-1") == "orlop-node-1"
    long = [port_name(f"orlop-a-very-long-name-{number}") for number in range(50)]
    assert all(len(name) <= 15 for name in long)
    assert len(set(long)) == len(long)
