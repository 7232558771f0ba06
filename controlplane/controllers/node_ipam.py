"""Node addresses: every node gets its own range of pod addresses out of the cluster's, and no two nodes the same."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from controlplane.api import objects, registry, rollouts
from controlplane.controllers.plan import Event, Plan, Update
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core


def plan_node_ranges(view: View, *, cluster_cidr: str, node_cidr_bits: int) -> Plan:
    """For all nodes at once, so that two new ones never get the same range. A node's range never changes; when the cluster's
    is used up the newest nodes go without until others leave."""
    nodes = list(view.all(registry.NODES))
    waiting = sorted((node for node in nodes if not node.spec.pod_cidr), key=rollouts.age_order)
    if not waiting:
        return Plan()
    free = _free(nodes, cluster_cidr, node_cidr_bits)
    return Plan(tuple(_assign(node, str(cidr)) for node, cidr in zip(waiting, free, strict=False)))


def _free(nodes: Iterable[core.Node], cluster_cidr: str, bits: int) -> Iterator[ipaddress.IPv4Network]:
    taken = [ipaddress.IPv4Network(node.spec.pod_cidr) for node in nodes if node.spec.pod_cidr]
    exact = {network for network in taken if network.prefixlen == bits}
    others = [network for network in taken if network.prefixlen != bits]
    for candidate in ipaddress.IPv4Network(cluster_cidr).subnets(new_prefix=bits):
        if candidate not in exact and not any(candidate.overlaps(other) for other in others):
            yield candidate


def _assign(node: core.Node, cidr: str) -> Update:
    fresh = objects.copy_of(node)
    fresh.spec.pod_cidr = cidr
    del fresh.spec.pod_cidrs[:]
    fresh.spec.pod_cidrs.append(cidr)
    name = node.metadata.name
    return Update(fresh, event=Event(node, "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller"))
