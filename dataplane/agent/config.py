"""An agent's settings, as its command line gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controlplane.client.connection import Connection


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM files: the cluster's authority, and who the agent is, as client and as server."""

    ca: Path
    certificate: Path
    key: Path

    def connection(self, address: str) -> Connection:
        return Connection(address, self.ca.read_bytes(), self.certificate.read_bytes(), self.key.read_bytes())


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """`cgroup` is the node's group, such as `/orlop/node-1`; `state` the folder of what the agent keeps.
    `shares_machine` is said of one of several nodes on a machine: it counts as used what its own containers use."""

    node: str
    server: str
    credentials: Credentials
    node_ip: str
    uplink: str
    state: Path
    cgroup: str
    service_cidr: str
    cluster_cidr: str
    docker: str = "unix:///var/run/docker.sock"
    port: int = 10250
    pause_image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    shares_machine: bool = False
