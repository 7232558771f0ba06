"""`orlop down` leaves nothing behind, also after a kill -9 of everything. Runs last: it ends the folder's cluster."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from tests.e2e.cluster import Cluster, run

PINS = Path("/sys/fs/bpf/orlop")
CGROUP = Path("/sys/fs/cgroup/unified/orlop")


def leftovers() -> dict[str, list[str]]:
    """All that a cluster makes on a machine outside of its directory."""
    found = {
        "namespaces": [name for name in run(["ip", "netns", "list"]).split() if name.startswith("orlop-")],
        "links": [
            line.split()[1] for line in run(["ip", "-o", "link"]).splitlines() if "orlop-" in line or "orlop0" in line
        ],
        "routes": [line for line in run(["ip", "route"]).splitlines() if "orlop0" in line],
        "containers": run(["docker", "ps", "-aq", "--filter", "label=orlop"]).split(),
        "pins": [str(PINS)] if PINS.exists() else [],
        "cgroups": [str(CGROUP)] if CGROUP.exists() else [],
        "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if "/orlop-node" in line.split()[1]],
    }
    return {name: items for name, items in found.items() if items}


def test_down_leaves_nothing_after_a_kill_of_everything(cluster: Cluster, images: dict[str, str]) -> None:
    cluster.orlop("create", "deployment", "left", "--image", images["v1"], "--replicas", "2")
    cluster.wait_ready("app=left", 2)
    names = ["supervisor", "api", "etcd", "controllers", "agent-node-1", "agent-node-2"]
    pids = [cluster.process(name) for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert leftovers()["containers"]
    cluster.down()
    assert leftovers() == {}
    assert not any(alive(pid) for pid in pids)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


def test_a_cluster_comes_up_again_where_one_was(cluster: Cluster) -> None:
    cluster.up()
    assert cluster.orlop("get", "nodes").count(" Ready ") == 2
    assert cluster.pods() == []
    cluster.down()
    assert leftovers() == {}


def test_down_where_nothing_is_does_no_harm(cluster: Cluster) -> None:
    cluster.down()
    assert (
        subprocess.run([*["docker", "ps", "-aq", "--filter", "label=orlop"]], capture_output=True, check=True).stdout == b""
    )
