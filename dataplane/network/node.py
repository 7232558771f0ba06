"""A node's network: its pods' links, the routes to other nodes, and the Services' programs and tables.

`NodeNetwork` is what the agent holds. Its methods block and belong to one thread at a time. Everything it makes lives in the
kernel and is read back from there, so an agent may be killed at any instant: the next one finds pods, addresses, programs
and tables as they are, and traffic does not notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import structlog

from dataplane.bpf.compiler import LENT_PORTS, CompileError
from dataplane.bpf.toolchain import ToolchainError
from dataplane.network import diag, ipam, links, namespaces, routes, services, sysctl
from dataplane.network.desired import Peer, Tables
from dataplane.network.errors import NetworkError
from dataplane.network.netlink import NetlinkError, Route, find_link, open_route
from dataplane.network.tables import Counts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Uplink:
    """The interface that leads to the other nodes."""

    index: int
    mtu: int


class NodeNetwork:
    """To be used by a process inside the node's network namespace and the host's mount namespace, as root.

    `uplink` is the interface that leads to the other nodes, `cgroup` the node's folder in the cgroup2 file system that holds
    its pods (made if missing), `pin` a folder of the node's own on a BPF file system (mounted if missing), `cache` the
    folder of compiled programs, which nodes may share. Every method raises NetworkError when the kernel refuses.
    """

    def __init__(
        self,
        *,
        node: str,
        uplink: str,
        node_ip: str,
        cgroup: Path,
        pin: Path,
        service_cidr: str,
        cluster_cidr: str,
        cache: Path,
    ) -> None:
        self._node = node
        self._uplink = uplink
        self._node_ip = node_ip
        self._service_cidr = service_cidr
        self._cluster_cidr = cluster_cidr
        self._pod_cidr = ""
        self._last_address = ""
        self._services = services.ServicePrograms(pin=pin, cache=cache, cgroup=cgroup)

    def start(self) -> None:
        """Kernel settings, then programs and maps: those still pinned are taken over. May be called again."""
        with self._explained("start"), open_route() as route:
            _set_kernel(self._uplink)
            routes.refuse(route, self._service_cidr)
            present = links.pod_links(route).values()
            self._services.start(
                node_ip=self._node_ip,
                uplink=self._find_uplink(route).index,
                pods={link.name: link.index for link in present},
            )

    def set_pod_cidr(self, cidr: str) -> None:
        """The range from which `plug` takes addresses. Pods that have one keep it."""
        if not ip_network(cidr).subnet_of(ip_network(self._cluster_cidr)):  # type: ignore[arg-type]
            raise NetworkError(f"node {self._node}: pod range {cidr} is not within the cluster's range {self._cluster_cidr}")
        with self._explained(f"use pod range {cidr}"), open_route() as route:
            if self._pod_cidr not in ("", cidr):
                routes.stop_refusing(route, self._pod_cidr)
            routes.refuse(route, cidr)
        self._pod_cidr = cidr

    def plug(self, pod_uid: str, pid: int) -> str:
        """Connects the network namespace of process `pid`; the pod's address. The same pod keeps its address."""
        namespace = namespaces.of_process(pid)
        with self._explained(f"connect pod {pod_uid}"), open_route() as route:
            present = links.pod_links(route)
            link = present.get(pod_uid)
            if link and link.address and links.leads_into(link, namespace):
                self._services.attach_pod(link.name, link.index)
                return link.address
            return self._connect(route, pod_uid, present, namespace)

    def unplug(self, pod_uid: str) -> None:
        """Takes the pod's link away; its address is free again. Nothing happens for a pod without one."""
        name = links.link_name(pod_uid)
        with self._explained(f"disconnect pod {pod_uid}"), open_route() as route:
            links.disconnect(route, name)
            self._services.detach_pod(name)

    def addresses(self) -> dict[str, str]:
        """Pod uid to address, of every pod that is plugged in."""
        with self._explained("list pods' links"), open_route() as route:
            return {uid: link.address for uid, link in links.pod_links(route).items() if link.address}

    def connections(self, pid: int) -> int:
        """How many connections from elsewhere the servers in the network namespace of process `pid` have not yet closed."""
        with self._explained(f"count connections of process {pid}"):
            return diag.inbound_connections(namespaces.of_process(pid))

    def listening(self, pid: int) -> frozenset[int]:
        """The TCP ports at which a server in the network namespace of process `pid` waits for connections."""
        with self._explained(f"look for servers of process {pid}"):
            return diag.listening_ports(namespaces.of_process(pid))

    def program(self, tables: Tables) -> None:
        """Makes the maps hold `tables`. A service changes in one step: a packet sees it as it was or as it is to be."""
        with self._explained("write the services' tables"):
            self._services.program(tables)

    def peers(self, peers: Sequence[Peer]) -> None:
        """Routes to the other nodes' pods, exactly these."""
        with self._explained("set routes to other nodes"), open_route() as route:
            routes.set_peers(route, peers, uplink=self._find_uplink(route).index)

    def counts(self) -> Counts:
        """What the programs counted, for people to read."""
        with self._explained("read the services' counters"):
            return self._services.counts()

    def stop(self) -> None:
        """Closes file descriptors. Everything in the kernel stays and keeps working."""
        self._services.close()

    def _connect(self, route: Route, pod_uid: str, present: Mapping[str, links.PodLink], namespace: Path) -> str:
        """A new pair. A half-made one, or one into a sandbox that is no more, makes way; a pod keeps the address it had."""
        if not self._pod_cidr:
            raise NetworkError(f"pod {pod_uid}: node {self._node} has no pod range yet; wait for spec.podCIDR")
        name, old = links.link_name(pod_uid), present.get(pod_uid)
        links.disconnect(route, name)
        self._services.detach_pod(name)
        used = {link.address for uid, link in present.items() if link.address and uid != pod_uid}
        address = old.address if old and old.address else ipam.next_address(self._pod_cidr, used, after=self._last(used))
        self._last_address = address
        index = links.connect(route, pod_uid, namespace=namespace, mtu=self._find_uplink(route).mtu)
        self._services.attach_pod(name, index)
        links.address_pod(address, namespace=namespace)
        links.route_to_pod(route, index, address)
        log.info("pod connected", pod=pod_uid, address=address, node=self._node)
        return address

    def _last(self, used: set[str]) -> str:
        """The address given out last: a new process takes the highest in use for it."""
        return self._last_address or max(used, key=ipam.number_of, default="")

    def _find_uplink(self, route: Route) -> Uplink:
        link = find_link(route, self._uplink)
        if link is None:
            raise NetworkError(f"node {self._node}: no network interface {self._uplink}; name the uplink with --uplink")
        return Uplink(link["index"], link.get("mtu"))

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, NetlinkError, CompileError, ToolchainError, OverflowError) as error:
            raise NetworkError(f"node {self._node}: cannot {what}: {error}") from error


def remove_node(node: str, cgroup: Path, pin: Path) -> None:
    """Takes away what a `NodeNetwork` left in the kernel: pins, its empty cgroup, and, in the caller's network namespace,
    pods' links and routes. Settings of the kernel stay."""
    services.remove(pin)
    with suppress(OSError):
        cgroup.rmdir()
    with open_route() as route:
        for link in links.pod_links(route).values():
            links.disconnect(route, link.name)
        routes.remove_all(route)
    log.info("node's network removed", node=node)


def _set_kernel(uplink: str) -> None:
    """Forwarding; and packets whose source is the node itself may come in, as programs leave some rewritten packets to the
    stack. Ports that are lent to connections must not be given to the node's own sockets."""
    sysctl.write("ipv4/ip_forward", 1)
    for interface in ("all", "default", uplink):
        sysctl.write(f"ipv4/conf/{interface}/rp_filter", 0)
        sysctl.write(f"ipv4/conf/{interface}/send_redirects", 0)
    sysctl.write(f"ipv4/conf/{uplink}/accept_local", 1)
    reserved = sysctl.read("ipv4/ip_local_reserved_ports")
    sysctl.write("ipv4/ip_local_reserved_ports", sysctl.with_ports(reserved, LENT_PORTS[0], LENT_PORTS[-1]))
