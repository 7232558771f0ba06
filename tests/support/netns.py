"""Network namespaces for tests: made with pyroute2 under a test's own prefix, processes in them, all swept afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from dataplane.network import namespaces

R = TypeVar("R")

CGROUPS = Path("/sys/fs/cgroup/unified")
BPFFS = Path("/sys/fs/bpf")


def run_in(namespace: Path, work: Callable[[], R]) -> R:
    """The result of `work`, run by a thread of its own inside the namespace: the caller's loop and thread stay out."""

    def inside() -> R:
        with namespaces.inside(namespace):
            return work()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(inside).result()


@contextmanager
def process(
    command: Sequence[str],
    *,
    namespace: Path | None = None,
    cgroup: Path | None = None,
    new_network: bool = False,
    stdin: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A process with its output piped, ended with the block. It starts in a namespace and a cgroup, where given; with
    `new_network` in a network namespace of its own."""
    wrapped = list(command)
    if new_network:
        wrapped = ["unshare", "--net", *wrapped]
    if namespace is not None:
        wrapped = ["nsenter", f"--net={namespace}", *wrapped]

    def join_cgroup() -> None:
        if cgroup is not None:
            (cgroup / "cgroup.procs").write_text("0")

    started = subprocess.Popen(
        wrapped,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=join_cgroup,
    )
    try:
        yield started
    finally:
        kill_group(started)


def kill_group(started: subprocess.Popen[Any]) -> None:
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    for pipe in (started.stdin, started.stdout):
        if pipe is not None:
            pipe.close()


def python(code: str, *arguments: str) -> list[str]:
    """A command that runs Python code; it sees the arguments as sys.argv[1:]."""
    return [sys.executable, "-c", code, *arguments]


def processes_in(cgroup: Path) -> list[int]:
    try:
        return [int(line) for line in (cgroup / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def sweep(*, prefix: str, pins: str = "", cgroups: str = "") -> None:
    """Removes what a crashed run left: namespaces with the prefix and the processes started in the test's cgroups, pins
    and cgroups of these names."""
    for name in namespaces.names(prefix):
        namespaces.remove(name)
    if pins:
        shutil.rmtree(BPFFS / pins, ignore_errors=True)
    if cgroups and (CGROUPS / cgroups).is_dir():
        for folder in sorted((CGROUPS / cgroups).rglob("*"), reverse=True):
            if folder.is_dir():
                _remove_cgroup(folder)
        _remove_cgroup(CGROUPS / cgroups)


def _remove_cgroup(folder: Path) -> None:
    for pid in processes_in(folder):
        os.kill(pid, signal.SIGKILL)
    try:
        folder.rmdir()
    except OSError:
        return  # its processes are still ending; the next run finds it
