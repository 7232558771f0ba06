"""A node's network: its pods' links, the routes to other nodes, and the Services' programs and tables.

`NodeNetwork` is what the agent holds. Its methods block and belong to one thread at a time. Everything it makes lives in the
kernel and is read back from there, so an agent may be killed at any instant: the next one finds pods, addresses, programs
and tables as they are, and traffic does not notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dataplane.network.desired import Peer, Tables
from dataplane.network.errors import NetworkError as NetworkError


class NodeNetwork:
    """To be used by a process inside the node's network namespace and the host's mount namespace, as root.

    `uplink` is the interface that leads to the other nodes, `cgroup` the node's folder in cgroup2 that holds its pods, `pin`
    a folder on a BPF file system (mounted if missing), `cache` the folder of compiled programs.
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
        self.node = node

    def start(self) -> None:
        """Kernel settings, then programs and maps: those still pinned are taken over. May be called again."""
        raise NotImplementedError

    def set_pod_cidr(self, cidr: str) -> None:
        """The range from which `plug` takes addresses."""
        raise NotImplementedError

    def plug(self, pod_uid: str, pid: int) -> str:
        """Connects the network namespace of process `pid`; the pod's address. The same pod keeps its address."""
        raise NotImplementedError

    def unplug(self, pod_uid: str) -> None:
        """Takes the pod's link away; its address is free again. Nothing happens for a pod without one."""
        raise NotImplementedError

    def addresses(self) -> Mapping[str, str]:
        """Pod uid to address, of every pod that is plugged in."""
        raise NotImplementedError

    def connections(self, pid: int) -> int:
        """How many connections clients hold to the servers in the network namespace of process `pid`."""
        raise NotImplementedError

    def program(self, tables: Tables) -> None:
        """Makes the maps hold `tables`. A service changes in one step: a packet sees it as it was or as it is to be."""
        raise NotImplementedError

    def peers(self, peers: Sequence[Peer]) -> None:
        """Routes to the other nodes' pods, exactly these."""
        raise NotImplementedError

    def stop(self) -> None:
        """Closes file descriptors. Everything in the kernel stays and keeps working."""


def remove_node(node: str, cgroup: Path, pin: Path) -> None:
    """Takes away what `NodeNetwork` left in the kernel. Call it inside the node's network namespace if that still exists."""
    raise NotImplementedError
