"""Keeps a cluster's processes running: starts what is not there, takes over what is, starts again what ends.

Run as `python -m console.cluster.supervisor`. It may itself be killed at any instant: the processes go on, and the next
supervisor takes them over. What it should run is read from the spec again whenever it gets SIGHUP.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

from console.cluster import plan, processes
from console.cluster.home import Home

NAME = "supervisor"
_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
_STABLE_SECONDS = 10.0


class Supervisor:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._changed = asyncio.Event()
        self._kept: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; the processes stay."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._changed.set)
        self._changed.set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._changed.wait()
                self._changed.clear()
                spec = self._home.load()
                for process in plan.processes(spec, self._home) if spec else ():
                    if process.name not in self._kept:
                        task = tasks.create_task(self._keep(process), name=process.name)
                        self._kept[process.name] = task

    async def _keep(self, process: plan.ProcessSpec) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            running = processes.find(process.name, self._home.run)
            if running is None:
                with contextlib.suppress(OSError):
                    running = self._start(process)
            if running is not None:
                await _ended(running)
            failures = 0 if time.monotonic() - began > _STABLE_SECONDS else failures + 1
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])

    def _start(self, process: plan.ProcessSpec) -> processes.Running:
        return processes.start(process.name, process.command, run=self._home.run, logs=self._home.logs, cwd=self._home.path)


async def _ended(running: processes.Running) -> None:
    """Returns when the process has ended; collects it if it is ours."""
    try:
        descriptor = os.pidfd_open(running.pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        if running.is_alive:
            await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(running.pid, os.WNOHANG)  # noqa: ASYNC222 - does not wait


async def _main() -> None:
    home = Home()
    me = processes.Running(NAME, os.getpid(), processes.started_at(os.getpid()) or 0)
    processes.note(me, home.run)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await Supervisor(home).run()
    Path(home.run / f"{NAME}.json").unlink(missing_ok=True)


if __name__ == "__main__":
    asyncio.run(_main())
