"""Pods' links: a veth pair, `eth0` in the pod and one end on the node that carries the pod's uid as its alias.

    pod:   eth0 ADDRESS/32, default via 169.254.1.1 (a permanent neighbour: the node's end)
    node:  ADDRESS/32 dev podXXXXXXXXXXXX, the pod a permanent neighbour

The kernel is the only record: alias and route say which pod has which address. The route is made last, so a link without
one is what a crash left half-made. Nothing needs ARP, proxy ARP or a bridge.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from dataplane.network import ethtool, namespaces
from dataplane.network.netlink import (
    ROUTE_PROTOCOL,
    Message,
    NetlinkError,
    Route,
    find_link,
    ignoring,
    open_route,
    remove_link,
)

_GATEWAY = "169.254.1.1"
_GATEWAY_MAC = "02:6f:72:6c:6f:70"
_PREFIX = "pod"
_INTERFACE = "eth0"
_PERMANENT = 0x80  # NUD_PERMANENT
_SCOPE_LINK = 253


@dataclass(frozen=True, slots=True)
class PodLink:
    """The node's end of a pod's link. `address` is empty while the link is half-made."""

    uid: str
    name: str
    index: int
    address: str


def link_name(uid: str) -> str:
    """The name of the node's end; 15 characters are all the kernel takes."""
    return _PREFIX + hashlib.sha256(uid.encode()).hexdigest()[:12]


def is_link_name(name: str) -> bool:
    return name.startswith(_PREFIX) and len(name) == 15


def pod_links(route: Route) -> dict[str, PodLink]:
    """Pod uid to link, of every pod of this node."""
    address_by_index = {
        each.get("oif"): each.get("dst")
        for each in route.route("dump", family=2)
        if each["dst_len"] == 32 and each.get("proto") == ROUTE_PROTOCOL
    }
    return {link.uid: link for link in _links(route, address_by_index)}


def connect(route: Route, uid: str, *, namespace: Path, mtu: int) -> int:
    """Makes the pair, up but without addresses; the index of the node's end."""
    name = link_name(uid)
    with namespace.open("rb") as pod:
        peer = {"ifname": _INTERFACE, "net_ns_fd": pod.fileno(), "mtu": mtu}
        pair = {"ifname": name, "kind": "veth", "mtu": mtu, "address": _GATEWAY_MAC, "peer": peer}
        try:
            route.link("add", **pair)
        except NetlinkError as error:
            if error.code != errno.EEXIST:
                raise
            # The link of the pod's earlier namespace goes by itself, but some time after that namespace.
            remove_link(route, name)
            route.link("add", **pair)
    link = find_link(route, name)
    if link is None:
        raise OSError(errno.ENODEV, "the pod's namespace went away", name)
    index = int(link["index"])
    route.link("set", index=index, ifalias=uid, state="up")
    return index


def address_pod(address: str, *, namespace: Path) -> None:
    """Gives the pod's end its address and its way out."""
    with namespaces.inside(namespace), open_route() as route:
        route.link("set", index=1, state="up")
        link = find_link(route, _INTERFACE)
        if link is None:
            raise OSError(errno.ENODEV, "no such network interface", _INTERFACE)
        index = link["index"]
        ethtool.set_gro(_INTERFACE, on=True)
        route.link("set", index=index, address=_mac(address), state="up")
        route.addr("replace", index=index, address=address, prefixlen=32)
        route.neigh("replace", dst=_GATEWAY, lladdr=_GATEWAY_MAC, ifindex=index, state=_PERMANENT)
        route.route("replace", dst=f"{_GATEWAY}/32", oif=index, scope=_SCOPE_LINK)
        route.route("replace", dst="default", gateway=_GATEWAY, oif=index)


def route_to_pod(route: Route, index: int, address: str) -> None:
    """From here on the node reaches the pod, and `pod_links` shows its address."""
    route.neigh("replace", dst=address, lladdr=_mac(address), ifindex=index, state=_PERMANENT)
    route.route("replace", dst=f"{address}/32", oif=index, scope=_SCOPE_LINK, proto=ROUTE_PROTOCOL)


def leads_into(link: PodLink, namespace: Path) -> bool:
    """Whether the link's other end is `eth0` of that namespace: not so once a pod's sandbox was made anew."""
    with namespaces.inside(namespace), open_route() as route:
        end = find_link(route, _INTERFACE)
        return end is not None and end.get("link") == link.index


def disconnect(route: Route, name: str) -> None:
    """Removes the pair, and with it routes and neighbours. Nothing happens if it is gone."""
    with ignoring(errno.ENODEV):
        link = find_link(route, name)
        if link is not None:
            route.link("del", index=link["index"])


def _links(route: Route, address_by_index: dict[int, str]) -> Iterator[PodLink]:
    for link in route.link("dump"):
        name, uid = link.get("ifname"), _alias(link)
        if uid and is_link_name(name):
            yield PodLink(uid, name, link["index"], address_by_index.get(link["index"], ""))


def _alias(link: Message) -> str:
    alias = link.get("ifalias") or ""
    return str(alias)


def _mac(address: str) -> str:
    return ":".join(f"{byte:02x}" for byte in (2, 0, *IPv4Address(address).packed))
