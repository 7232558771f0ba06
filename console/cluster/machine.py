"""What a machine needs to run a cluster, whether it has it, and how to get it.

This file needs nothing but Python: `just setup` runs it before there is a virtual environment, as
`python3 console/cluster/machine.py --install`, and `orlop up --check` prints the same table.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DOCKER_SOCKET = "/var/run/docker.sock"
_BCC = Path("/usr/lib/python3/dist-packages/bcc/__init__.py")
_CGROUP2 = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


@dataclass(frozen=True)
class Need:
    """Something a cluster needs. `look` returns what was found, or raises LookupError with what is missing."""

    name: str
    why: str
    look: Callable[[], str]
    packages: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True)
class Finding:
    need: Need
    ok: bool
    text: str


def _root() -> str:
    if os.geteuid() != 0:
        raise LookupError("this user is not root")
    return "root"


def _linux() -> str:
    if sys.platform != "linux":
        raise LookupError(f"this is {sys.platform}")
    release = platform.release()
    major, minor = (int("".join(filter(str.isdigit, part)) or 0) for part in release.split(".")[:2])
    if (major, minor) < (6, 6):
        raise LookupError(f"Linux {release} is older than 6.6")
    return f"Linux {release}"


def _python() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036 - the system's Python runs this file
        raise LookupError(f"this is Python {platform.python_version()}")
    return f"Python {platform.python_version()}"


def _program(name: str) -> Callable[[], str]:
    def look() -> str:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
        if not found:
            raise LookupError(f"no program {name}")
        return found

    return look


def _venv() -> str:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        raise LookupError("Python cannot make virtual environments") from error
    return "ensurepip"


def _docker() -> str:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(5)
        try:
            link.connect(DOCKER_SOCKET)
            link.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            if b"200 OK" not in link.recv(200):
                raise LookupError("Docker's daemon does not answer")
        except PermissionError:
            return f"{DOCKER_SOCKET}, for root only"
        except OSError as error:
            raise LookupError(f"Docker's daemon is not running ({error})") from error
    return DOCKER_SOCKET


def _cgroup2() -> str:
    for path in _CGROUP2:
        if (path / "cgroup.procs").exists() and (path / "cgroup.controllers").exists():
            return str(path)
    raise LookupError("no cgroup2 hierarchy is mounted")


def _btf() -> str:
    path = Path("/sys/kernel/btf/vmlinux")
    if not path.exists():
        raise LookupError("the kernel has no BTF")
    return str(path)


def _bcc() -> str:
    if not _BCC.exists():
        raise LookupError("no BCC")
    return str(_BCC.parent)


def _headers() -> str:
    for base in (Path("/lib/modules") / platform.release() / "build", *sorted(Path("/usr/src").glob("linux-headers-*"))):
        if base.exists():
            return str(base)
    raise LookupError("no kernel headers")


BASE = (
    Need("python", "runs everything", _python, remedy="install Python 3.11 or newer"),
    Need("venv", "keeps the libraries apart from the system's", _venv, ("python3-venv",)),
)  # fmt: skip
CLUSTER = (
    Need("etcd", "holds the cluster's state", _program("etcd"), ("etcd-server",)),
)  # fmt: skip
NODES = (
    Need("linux", "namespaces, cgroups and eBPF", _linux, remedy="use Linux 6.6 or newer"),
    Need("root", "namespaces, cgroups and eBPF", _root, remedy="run it with sudo; or try `just demo`, which needs no root"),
    Need("docker", "runs the containers", _program("dockerd"), ("docker.io",)),
    Need("docker daemon", "runs the containers", _docker, remedy="start it: `just setup`, or `systemctl start docker`"),
    Need("nsenter", "enters a node's network", _program("nsenter"), ("util-linux",)),
    Need("cgroup2", "pods' limits and socket programs", _cgroup2, remedy="mount -t cgroup2 none /sys/fs/cgroup/unified"),
    Need("btf", "eBPF", _btf, remedy="use a kernel built with CONFIG_DEBUG_INFO_BTF"),
    Need("bcc", "compiles the eBPF programs", _bcc, ("python3-bpfcc",)),
    Need("headers", "compiles the eBPF programs", _headers, ("linux-headers-amd64",)),
)  # fmt: skip
TESTS = (
    Need("busybox", "the tests' images", _program("busybox"), ("busybox-static",)),
    Need("ip", "the tests' namespaces", _program("ip"), ("iproute2",)),
    Need("iptables", "the tests look for rules", _program("iptables"), ("iptables",)),
    Need("nft", "the tests look for rules", _program("nft"), ("nftables",)),
    Need("curl", "the tests' requests", _program("curl"), ("curl",)),
    Need("tmux", "the console in a real terminal", _program("tmux"), ("tmux",)),
)  # fmt: skip
SETS = {"demo": (*BASE, *CLUSTER), "cluster": (*BASE, *CLUSTER, *NODES), "tests": (*BASE, *CLUSTER, *NODES, *TESTS)}


def check(needs: tuple[Need, ...]) -> list[Finding]:
    return [_find(need) for need in needs]


def _find(need: Need) -> Finding:
    try:
        return Finding(need, True, need.look())
    except LookupError as error:
        return Finding(need, False, str(error))


def remedy(need: Need) -> str:
    """What to type to get it."""
    if need.packages:
        return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install -y {' '.join(need.packages)}"
    return need.remedy


def lines(findings: list[Finding]) -> list[str]:
    """The table that `orlop up --check` prints."""
    told = []
    for finding in findings:
        mark = "ok     " if finding.ok else "missing"
        told.append(f"{mark}  {finding.need.name:<14} {finding.text}")
        if not finding.ok:
            told.append(f"{'':25}for: {finding.need.why}; to get it: {remedy(finding.need)}")
    return told


def install(needs: tuple[Need, ...]) -> list[Finding]:
    """Gets what packages can give, starts Docker's daemon, and returns what is still missing."""
    missing = [finding.need for finding in check(needs) if not finding.ok]
    packages = sorted({package for need in missing for package in need.packages})
    if packages:
        _apt(packages)
    may_start = os.geteuid() == 0 or bool(_sudo())
    if may_start and any(need.name == "docker daemon" for need in missing) and shutil.which("dockerd", path=_admin_path()):
        _start_docker()
    needs = tuple(need for need in needs if need.name != "root" or not _sudo())
    return [finding for finding in check(needs) if not finding.ok]


def _admin_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _sudo() -> list[str]:
    return [] if os.geteuid() == 0 or not shutil.which("sudo") else ["sudo"]


def _apt(packages: list[str]) -> None:
    if not shutil.which("apt-get"):
        return
    print(f"installing {' '.join(packages)}", flush=True)
    command = [*_sudo(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run([*command, *step], check=False, **quiet)  # type: ignore[call-overload]
        if done.returncode:
            print(done.stderr.strip(), file=sys.stderr)


def _start_docker() -> None:
    """By systemd where there is one, else by hand; without iptables rules and bridge, which Orlop does not need."""
    print("starting Docker's daemon", flush=True)
    if Path("/run/systemd/system").exists():
        subprocess.run([*_sudo(), "systemctl", "enable", "--now", "docker"], check=False)
    else:
        command = "exec dockerd --bridge=none --iptables=false --ip-forward=false >> /var/log/dockerd.log 2>&1"
        subprocess.Popen(
            [*_sudo(), "env", f"PATH={_admin_path()}", "sh", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if _find(next(need for need in NODES if need.name == "docker daemon")).ok:
            return
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description="What this machine has and lacks.")
    parser.add_argument("--install", action="store_true", help="get what is missing")
    parser.add_argument("--for", dest="purpose", choices=sorted(SETS), default="cluster")
    arguments = parser.parse_args()
    needs = SETS[arguments.purpose]
    if not arguments.install:
        findings = check(needs)
        print("\n".join(lines(findings)))
        return 0 if all(finding.ok for finding in findings) else 1
    missing = install(needs)
    if missing:
        print("\n".join(lines(missing)), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
