"""Nodes on one machine: each a network namespace, joined by a bridge in the machine's own.

    root namespace:  bridge orlop0 172.30.0.1/24, ports orlop-node-1, orlop-node-2, ...
    each node:       namespace orlop-node-1 with lo and eth0 172.30.0.11/24, no default route: no way out of the machine

Packets reach a node as on a wire: checksums filled in, no longer than the MTU. Everything carries our names and can be found
again without any record; making what is there already changes nothing. No packet filter is needed or made.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

import structlog

from dataplane.network import ethtool, namespaces, sysctl
from dataplane.network.errors import NetworkError
from dataplane.network.netlink import NetlinkError, Route, find_link, ignoring, open_route, remove_link

PREFIX = "orlop-"
BRIDGE = "orlop0"
INTERFACE = "eth0"
_RANGES = tuple(f"172.30.{third}.0/24" for third in range(16)) + tuple(f"192.168.{third}.0/24" for third in range(200, 216))
_FIRST_HOST = 11
_BRIDGE_MAC = "02:6f:72:6c:6f:01"
_FILTER = "bridge/bridge-nf-call-iptables"
_FILTER_WAS_ON = "orlop: bridge-nf-call-iptables was 1"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LabNode:
    """A node's place: `namespace` by name, `address` on the bridge's network, its uplink is always eth0."""

    name: str
    namespace: str
    address: str


@dataclass(frozen=True, slots=True)
class Lab:
    """`gateway` is the machine's own address on the bridge."""

    gateway: str
    nodes: tuple[LabNode, ...]


def up(names: Sequence[str], *, prefix: str = PREFIX, bridge: str = BRIDGE, ranges: Sequence[str] = _RANGES) -> Lab:
    """Makes the nodes' namespaces, in addition to those already there; addresses stay with names."""
    try:
        with open_route() as route:
            own = _ensure_bridge(route, bridge, ranges)
            present = {name.removeprefix(prefix): _address_in(name) for name in namespaces.names(prefix)}
            hosts = assign(names, {name: address for name, address in present.items() if address}, own.network)
            for name in names:
                _ensure_node(route, prefix + name, IPv4Interface(f"{hosts[name]}/{own.network.prefixlen}"), bridge=bridge)
    except (OSError, NetlinkError) as error:
        raise NetworkError(f"cannot make the nodes' network on bridge {bridge}: {error}; run as root") from error
    return Lab(str(own.ip), tuple(LabNode(name, prefix + name, hosts[name]) for name in names))


def down(*, prefix: str = PREFIX, bridge: str = BRIDGE) -> None:
    """Removes every namespace with the prefix, the bridge and its ports, also after a crash."""
    with open_route() as route:
        for name in namespaces.names(prefix):
            remove_link(route, port_name(name))
            namespaces.remove(name)
        link = find_link(route, bridge)
        if link is None:
            return
        for port in route.link("dump"):
            if port.get("master") == link["index"]:
                with ignoring(errno.ENODEV):
                    route.link("del", index=port["index"])
        remove_link(route, bridge)
        if link.get("ifalias") == _FILTER_WAS_ON and not _filter_was_on(route):
            sysctl.write(_FILTER, 1)


def assign(names: Sequence[str], present: Mapping[str, str], network: IPv4Network) -> dict[str, str]:
    """An address for each name: the one it has; else .10 + N for a name that ends in -N; else the first free from .11."""
    found: dict[str, str] = {}
    taken = set(present.values())
    for name in names:
        found[name] = present.get(name) or _free_address(name, taken, network)
        taken.add(found[name])
    return found


def _free_address(name: str, taken: Collection[str], network: IPv4Network) -> str:
    number = name.rpartition("-")[2]
    last = network.num_addresses - 2
    preferred = [_FIRST_HOST - 1 + int(number)] if number.isdigit() and int(number) > 0 else []
    for host in (*preferred, *range(_FIRST_HOST, last + 1)):
        if host <= last and str(network[host]) not in taken:
            return str(network[host])
    raise NetworkError(f"no free address left in {network} for node {name}; use fewer nodes")


def free_range(ranges: Sequence[str], used: Collection[str]) -> IPv4Network:
    """The first of `ranges` that overlaps none of the networks `used`."""
    for text in ranges:
        candidate = IPv4Network(text)
        if not any(candidate.overlaps(IPv4Network(each)) for each in used):
            return candidate
    raise NetworkError(f"none of {', '.join(ranges)} is free on this machine; remove a route to one of them")


def port_name(namespace: str) -> str:
    """The name of the bridge's port to a namespace; 15 characters are all the kernel takes."""
    if len(namespace) <= 15:
        return namespace
    return f"{namespace[:9]}-{sum(byte * 31**at for at, byte in enumerate(namespace.encode())) % 16**5:05x}"


def _ensure_bridge(route: Route, name: str, ranges: Sequence[str]) -> IPv4Interface:
    """The bridge's address; it is the record of the range that was chosen."""
    link = find_link(route, name)
    if link is None:
        # An address of its own: otherwise it would be a port's, and change as nodes come and go.
        route.link("add", ifname=name, kind="bridge", address=_BRIDGE_MAC)
        link = find_link(route, name)
        if link is None:
            raise OSError(errno.ENODEV, "the bridge went away", name)
    index = link["index"]
    route.link("set", index=index, state="up")
    _switch_filter_off(route, index)
    for each in route.addr("dump", family=2, index=index):
        return IPv4Interface(f"{each.get('address')}/{each['prefixlen']}")
    network = free_range(ranges, _used_networks(route))
    route.addr("add", index=index, address=str(network[1]), prefixlen=network.prefixlen)
    return IPv4Interface(f"{network[1]}/{network.prefixlen}")


def _switch_filter_off(route: Route, index: int) -> None:
    """Frames between nodes would pass the machine's packet filter, which as Docker sets it up refuses them. Every bridge of
    a lab remembers that it was on; the last one that goes switches it on again."""
    if sysctl.exists(_FILTER) and (sysctl.read(_FILTER) != "0" or _filter_was_on(route)):
        route.link("set", index=index, ifalias=_FILTER_WAS_ON)
        sysctl.write(_FILTER, 0)


def _filter_was_on(route: Route) -> bool:
    return any(link.get("ifalias") == _FILTER_WAS_ON for link in route.link("dump"))


def _used_networks(route: Route) -> list[str]:
    return [f"{each.get('dst')}/{each['dst_len']}" for each in route.route("dump", family=2) if each.get("dst")]


def _ensure_node(route: Route, namespace: str, address: IPv4Interface, *, bridge: str) -> None:
    namespaces.create(namespace)
    port = port_name(namespace)
    if find_link(route, port) is None or _address_in(namespace) != str(address.ip):
        remove_link(route, port)
        _make_pair(route, namespace, port, bridge)
        with namespaces.inside(namespaces.named(namespace)), open_route() as inner:
            _configure(inner, address)
    ethtool.set_tx_checksums(port, on=False)
    ethtool.set_gro(port, on=True)  # XDP sends frames back through this end only while it receives by NAPI


def _make_pair(route: Route, namespace: str, port: str, bridge: str) -> None:
    with namespaces.inside(namespaces.named(namespace)), open_route() as inner:
        remove_link(inner, INTERFACE)
    with namespaces.named(namespace).open("rb") as there:
        route.link("add", ifname=port, kind="veth", peer={"ifname": INTERFACE, "net_ns_fd": there.fileno()})
    master, end = find_link(route, bridge), find_link(route, port)
    if master is None or end is None:
        raise OSError(errno.ENODEV, "the link went away while it was made", port)
    route.link("set", index=end["index"], master=master["index"], state="up")


def _configure(route: Route, address: IPv4Interface) -> None:
    route.link("set", index=1, state="up")
    link = find_link(route, INTERFACE)
    if link is None:
        raise OSError(errno.ENODEV, "no such network interface", INTERFACE)
    route.link("set", index=link["index"], state="up")
    route.addr("replace", index=link["index"], address=str(address.ip), prefixlen=address.network.prefixlen)


def _address_in(namespace: str) -> str:
    """The address of the namespace's uplink, or the empty string."""
    try:
        with namespaces.inside(namespaces.named(namespace)), open_route() as route:
            link = find_link(route, INTERFACE)
            found = route.addr("dump", family=2, index=link["index"]) if link else ()
            return next((str(each.get("address")) for each in found), "")
    except OSError:
        return ""  # a name without a namespace behind it; `create` renews it
