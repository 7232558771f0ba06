"""Which cluster address and which node ports a service gets. Pure: chance is passed in as a generator of numbers.

That no value is ever handed out twice is not decided here but by the store: a service is written together with its claims,
and the write fails if one of them is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from controlplane.api.errors import Problem
from controlplane.store.store import Claim
from protos.v1 import core_pb2 as core

HEADLESS = "None"
ADDRESSES = "cluster-ips"
PORTS = "node-ports"
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_FIRST_FREE = 10  # the first addresses of the range are kept for fixed use (API, DNS)

Chance = Callable[[int], int]  # a number below the given one


@dataclass(frozen=True, slots=True)
class Ranges:
    addresses: IPv4Network
    first_port: int = 30000
    last_port: int = 32767


class ExhaustedError(Exception):
    """The range has no free value left."""


def allocate(service: core.Service, old: core.Service | None, taken: Iterable[core.Service], ranges: Ranges,
             chance: Chance) -> None:  # fmt: skip
    """Gives `service` the addresses and ports that its type calls for. Values it names itself are kept, and so are those
    that it had; what its type does not call for is taken away."""
    others = list(taken)
    spec = service.spec
    if spec.type == "ExternalName":
        spec.cluster_ip = ""
        del spec.cluster_ips[:]
    else:
        if not spec.cluster_ip:
            spec.cluster_ip = (old.spec.cluster_ip if old else "") or _free_address(others, ranges.addresses, chance)
        spec.cluster_ips[:] = [spec.cluster_ip]
    if spec.type in _WITH_NODE_PORTS:
        _give_ports(service, old, others, ranges, chance)
    else:
        for port in spec.ports:
            port.node_port = 0


def _free_address(others: list[core.Service], network: IPv4Network, chance: Chance) -> str:
    used = {service.spec.cluster_ip for service in others}
    size = network.num_addresses - 2 - _FIRST_FREE
    if size <= 0:
        raise ExhaustedError(f"the service range {network} is too small; give the server a larger --service-cidr")
    start = chance(size)
    for step in range(size):
        address = str(network[1 + _FIRST_FREE + (start + step) % size])
        if address not in used:
            return address
    raise ExhaustedError(f"all {size} addresses of the service range {network} are taken")


def _give_ports(service: core.Service, old: core.Service | None, others: list[core.Service], ranges: Ranges,
                chance: Chance) -> None:  # fmt: skip
    used = {port.node_port for other in others for port in other.spec.ports}
    used |= {port.node_port for port in service.spec.ports}
    before = {(port.name, port.protocol, port.port): port.node_port for port in (old.spec.ports if old else ())}
    size = ranges.last_port - ranges.first_port + 1
    for port in service.spec.ports:
        if port.node_port:
            continue
        port.node_port = before.get((port.name, port.protocol, port.port), 0)
        start = chance(size)
        for step in range(size if not port.node_port else 0):
            candidate = ranges.first_port + (start + step) % size
            if candidate not in used:
                port.node_port = candidate
                used.add(candidate)
                break
        if not port.node_port:
            raise ExhaustedError(f"all node ports from {ranges.first_port} to {ranges.last_port} are taken")


def problems_of(service: core.Service, ranges: Ranges) -> list[Problem]:
    """Values that lie outside the ranges."""
    found = []
    address = service.spec.cluster_ip
    if address and address != HEADLESS and IPv4Address(address) not in ranges.addresses:
        found.append(Problem("spec.clusterIP", f'Invalid value: "{address}": the range of valid IPs is {ranges.addresses}'))
    for index, port in enumerate(service.spec.ports):
        if port.node_port and not ranges.first_port <= port.node_port <= ranges.last_port:
            text = f"Invalid value: {port.node_port}: the range of valid ports is {ranges.first_port}-{ranges.last_port}"
            found.append(Problem(f"spec.ports[{index}].nodePort", text))
    return found


def claims_of(service: core.Service) -> set[Claim]:
    """What the service holds. A node port may serve TCP and UDP at once, so the claim is on both."""
    owner = f"{service.metadata.namespace}/{service.metadata.name}"
    address = service.spec.cluster_ip
    held = {Claim(PORTS, f"{port.node_port}-{port.protocol}", owner) for port in service.spec.ports if port.node_port}
    if address and address != HEADLESS:
        held.add(Claim(ADDRESSES, address, owner))
    return held
