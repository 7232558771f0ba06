"""Network namespaces: entering one for a moment, and those with a name (as `ip netns` keeps them)."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane.bpf import libc

NAMED = Path("/var/run/netns")
_OWN = "/proc/thread-self/ns/net"


@contextmanager
def inside(namespace: Path) -> Iterator[None]:
    """The calling thread, and it alone, works in `namespace`. Sockets opened meanwhile stay there for good."""
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            libc.setns(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            libc.setns(home)
    finally:
        os.close(home)


def of_process(pid: int) -> Path:
    return Path(f"/proc/{pid}/ns/net")


def named(name: str) -> Path:
    return NAMED / name


def names(prefix: str) -> list[str]:
    """Named namespaces whose names start with `prefix`, sorted."""
    try:
        return sorted(name for name in os.listdir(NAMED) if name.startswith(prefix))
    except FileNotFoundError:
        return []


def create(name: str) -> None:
    """A namespace with a name. One that exists is left alone; a name whose namespace is gone (after a crash) is renewed."""
    target = named(name)
    if _is_bound(target):
        return
    _share_folder()
    target.touch()
    failures: list[OSError] = []

    def bind() -> None:
        # A thread of its own: it ends with the new namespace, so the caller's cannot be left behind in it.
        try:
            libc.unshare_network()
            libc.mount(_OWN, target, flags=libc.MS_BIND)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=bind, name=f"netns {name}")
    thread.start()
    thread.join()
    if failures:
        target.unlink(missing_ok=True)
        raise failures[0]


def remove(name: str) -> None:
    """Takes the name away; the namespace lives until the last process in it ends."""
    target = named(name)
    if _is_bound(target):
        libc.unmount(target)
    target.unlink(missing_ok=True)


def _is_bound(target: Path) -> bool:
    """Whether a namespace stands behind the name, not just the empty file it is mounted on."""
    return target.exists() and target.stat().st_dev != target.parent.stat().st_dev


def _share_folder() -> None:
    """Makes the folder a shared mount, as iproute2 does, so that names show up in every mount namespace.

    The kernel itself is asked whether it is a mount already (sharing anything else is EINVAL): mounting it onto itself
    again would double all mounts below it."""
    NAMED.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        libc.mount("", NAMED, flags=libc.MS_SHARED | libc.MS_REC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        libc.mount(str(NAMED), NAMED, flags=libc.MS_BIND | libc.MS_REC)
        libc.mount("", NAMED, flags=libc.MS_SHARED | libc.MS_REC)
