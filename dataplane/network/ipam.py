"""Choosing pod addresses from a node's range. Pure.

The first address of the range is kept for the node, the last is left out as the broadcast address by custom. Addresses are
handed out in turn, so that one that came free rests for as long as the range allows: other nodes may still send to it.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

from dataplane.network.errors import NetworkError


def next_address(pod_cidr: str, used: Collection[str], *, after: str = "") -> str:
    """The first address behind `after` that is not used, starting over at the end of the range."""
    network = IPv4Network(pod_cidr)
    first, last = int(network[2]), int(network[-2])
    taken = {number_of(address) for address in used}
    start = number_of(after) + 1 if after and IPv4Address(after) in network else first
    for candidate in chain(range(max(start, first), last + 1), range(first, min(start, last + 1))):
        if candidate not in taken:
            return str(IPv4Address(candidate))
    raise NetworkError(f"pod range {pod_cidr}: all {last - first + 1} addresses are in use; move pods to other nodes")


def number_of(address: str) -> int:
    """For comparing addresses as numbers."""
    return int(IPv4Address(address))
