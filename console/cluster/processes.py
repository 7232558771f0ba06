"""Processes that outlive the one that starts them, found again by what is written down about them.

A process is known by its pid and the moment it started, so that a pid that was given to another is not mistaken for it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """`started` is in the kernel's ticks since boot."""

    name: str
    pid: int
    started: int

    @property
    def is_alive(self) -> bool:
        return started_at(self.pid) == self.started

    @property
    def age_seconds(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / _CLOCK

    @property
    def memory_bytes(self) -> int:
        """Resident memory."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")


def started_at(pid: int) -> int | None:
    """When a live process started, or None for one that is gone or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def start(name: str, command: Sequence[str], *, run: Path, logs: Path, cwd: Path) -> Running:
    """Starts a process of its own session and writes it down. Raises OSError when the program cannot be started."""
    with (logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=cwd
        )
    process.returncode = 0  # never waited for here: whoever is its parent then collects it
    running = Running(name, process.pid, started_at(process.pid) or 0)
    note(running, run)
    return running


def note(running: Running, run: Path) -> None:
    temporary = run / f"{running.name}.json.{os.getpid()}"
    temporary.write_text(json.dumps({"pid": running.pid, "started": running.started}) + "\n")
    temporary.replace(run / f"{running.name}.json")


def find(name: str, run: Path) -> Running | None:
    """The live process of that name, if there is one."""
    try:
        noted = json.loads((run / f"{name}.json").read_text())
        running = Running(name, int(noted["pid"]), int(noted["started"]))
    except (OSError, ValueError, KeyError):
        return None
    return running if running.is_alive else None


def every(run: Path) -> list[Running]:
    found = (find(path.stem, run) for path in sorted(run.glob("*.json")))
    return [running for running in found if running is not None]


def stop(running: Running, *, within: float) -> None:
    """Asks it to end, waits, then insists. Returns when it is gone."""
    for number, patience in ((signal.SIGTERM, within), (signal.SIGKILL, 10.0)):
        if not running.is_alive:
            return
        try:
            descriptor = os.pidfd_open(running.pid)
        except ProcessLookupError:
            return
        try:
            if running.is_alive:
                signal.pidfd_send_signal(descriptor, number)
                _wait(descriptor, running, patience)
        finally:
            os.close(descriptor)


def _wait(descriptor: int, running: Running, seconds: float) -> None:
    ready, _, _ = select.select([descriptor], [], [], seconds)
    if ready:
        try:
            os.waitpid(running.pid, os.WNOHANG)
        except ChildProcessError:
            return
