"""A node's routes: to the pods of other nodes, and to nowhere for what no program translated."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from dataplane.network.desired import Peer
from dataplane.network.netlink import ROUTE_PROTOCOL, Route, ignoring

_UNREACHABLE = "unreachable"
_UNICAST, _TYPE_UNREACHABLE = 1, 7


def refuse(route: Route, cidr: str) -> None:
    """Packets to `cidr` that no more exact route takes are refused, instead of leaving by a default route: to a service
    that no program translated, to a pod that is gone."""
    route.route("replace", dst=cidr, type=_UNREACHABLE, proto=ROUTE_PROTOCOL)


def stop_refusing(route: Route, cidr: str) -> None:
    with ignoring(errno.ESRCH):
        route.route("del", dst=cidr, type=_UNREACHABLE, proto=ROUTE_PROTOCOL)


def gateways(route: Route) -> dict[str, str]:
    """Pod range to node address, of the routes to other nodes that are there."""
    found = {}
    for each in route.route("dump", family=2):
        gateway = each.get("gateway")
        if each.get("proto") == ROUTE_PROTOCOL and each["type"] == _UNICAST and gateway:
            found[f"{each.get('dst')}/{each['dst_len']}"] = str(gateway)
    return found


def set_peers(route: Route, peers: Sequence[Peer], *, uplink: int) -> None:
    """Makes the routes to other nodes exactly these, touching only those that differ."""
    wanted = {peer.pod_cidr: peer.ip for peer in peers}
    present = gateways(route)
    for cidr, gateway in wanted.items():
        if present.get(cidr) != gateway:
            route.route("replace", dst=cidr, gateway=gateway, oif=uplink, proto=ROUTE_PROTOCOL)
    for cidr in present.keys() - wanted.keys():
        with ignoring(errno.ESRCH):
            route.route("del", dst=cidr, gateway=present[cidr], oif=uplink, proto=ROUTE_PROTOCOL)


def remove_all(route: Route) -> None:
    """Every route of ours goes, in this namespace."""
    for each in route.route("dump", family=2):
        if each.get("proto") == ROUTE_PROTOCOL:
            with ignoring(errno.ESRCH, errno.ENODEV):
                kind = _UNREACHABLE if each["type"] == _TYPE_UNREACHABLE else "unicast"
                dst = f"{each.get('dst')}/{each['dst_len']}"
                route.route("del", dst=dst, type=kind, scope=each["scope"], proto=ROUTE_PROTOCOL)
