"""Where a cluster on this machine keeps its files, and what it is made of.

spec.json            what the cluster is made of (`Spec`)
pki/                 certificates
etcd/                etcd's data
nodes/NAME/          an agent's files
run/NAME.json        a process: its pid and when it started
logs/NAME.log        what it said
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

_SYSTEM = Path("/var/lib/orlop")


@dataclass(frozen=True, slots=True)
class Spec:
    """`nodes` are real ones, each in a network namespace; `hollow` is the number of simulated ones instead. `etcd` names
    the members of an etcd of the user's own, which is then not started. `listen` is where the API is served."""

    nodes: tuple[str, ...] = ()
    hollow: int = 0
    api_port: int = 6444
    token_port: int = 6445
    etcd_port: int = 2379
    etcd_peer_port: int = 2380
    etcd: str = ""
    etcd_files: tuple[str, ...] = ()
    gateway: str = ""
    addresses: dict[str, str] = field(default_factory=dict)
    service_cidr: str = "10.96.0.0/16"
    cluster_cidr: str = "10.244.0.0/16"
    node_grace: float = 40.0
    kubeconfig: str = ""

    @property
    def node_names(self) -> tuple[str, ...]:
        return self.nodes or tuple(f"node-{number}" for number in range(1, self.hollow + 1))


class Home:
    """The directory: `$ORLOP_HOME`, else /var/lib/orlop for root and a folder of the user's own for others."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _default()

    @property
    def pki(self) -> Path:
        return self.path / "pki"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def etcd(self) -> Path:
        return self.path / "etcd"

    @property
    def cache(self) -> Path:
        """Survives the cluster: what is expensive to make again."""
        return self.path / "cache"

    def node(self, name: str) -> Path:
        return self.path / "nodes" / name

    def load(self) -> Spec | None:
        """The cluster's make-up, or None where there is no cluster."""
        try:
            document = json.loads((self.path / "spec.json").read_text())
        except FileNotFoundError:
            return None
        known = Spec.__dataclass_fields__
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
        return Spec(**{name: cast("Any", value) for name, value in values.items() if name in known})

    def save(self, spec: Spec) -> None:
        for path in (self.path, self.run, self.logs):
            path.mkdir(parents=True, exist_ok=True, mode=0o755)
        temporary = self.path / f"spec.json.{os.getpid()}"
        temporary.write_text(json.dumps(asdict(spec), indent=2) + "\n")
        temporary.replace(self.path / "spec.json")


class Claim:
    """Which home holds this machine's node names, bridge and cgroups: there is one set of them."""

    def __init__(self, path: Path = Path("/run/orlop/home")) -> None:
        self._path = path

    def holder(self) -> Home | None:
        try:
            return Home(Path(self._path.read_text().strip()))
        except FileNotFoundError:
            return None

    def take(self, home: Home) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(f"{home.path}\n")

    def release(self) -> None:
        self._path.unlink(missing_ok=True)


def _default() -> Path:
    chosen = os.environ.get("ORLOP_HOME")
    if chosen:
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return _SYSTEM
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "orlop"
