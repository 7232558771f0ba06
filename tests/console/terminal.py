"""The console in a real pseudo-terminal: a process of its own, on a cluster in memory.

Run as a module it is that process: `python -m tests.console.terminal`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Terminal:
    """What was written to the terminal so far, raw."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid, self._descriptor = pid, descriptor
        self.output = b""

    def read(self, seconds: float) -> bytes:
        """What comes within that time, at once if there is something."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        data = b""
        if ready:
            with contextlib.suppress(OSError):  # the other side has closed
                data = os.read(self._descriptor, 1 << 16)
        self.output += data
        return data

    def until(self, word: str, within: float = 20.0) -> float:
        """Waits until the word is written, from here on. Returns how long that took."""
        started, seen = time.monotonic(), b""
        while word.encode() not in seen:
            if time.monotonic() - started > within:
                raise AssertionError(f"{word!r} not within {within} s; last came {seen[-2000:]!r}")
            seen += self.read(0.05)
        return time.monotonic() - started

    def rest(self) -> None:
        """Waits until nothing has come for a moment."""
        while self.read(0.3):
            pass

    def press(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def wait_for_exit(self, within: float = 10.0) -> int:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still running after {within} s")


@contextlib.contextmanager
def in_terminal(scene: str, *, columns: int = 100, rows: int = 30) -> Iterator[Terminal]:
    """`scene` is `shop` or `hostile`."""
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "ORLOP_CONFIG_DIR": "/nonexistent"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.console.terminal", scene], {**os.environ, **settings})
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    terminal = Terminal(pid, descriptor)
    try:
        yield terminal
    finally:
        if terminal.pid:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        os.close(descriptor)


def main(scene_name: str) -> None:
    from textual import constants

    from console.tui.app import ConsoleApp
    from console.tui.driver import ESCAPE_SECONDS, PromptDriver
    from tests.console import scene
    from tests.console.test_hostile import poisoned

    constants.ESCAPE_DELAY = ESCAPE_SECONDS  # type: ignore[misc]
    world = poisoned() if scene_name == "hostile" else scene.cluster()
    pod = "api-6d4f8c9b7-2kxqp"
    world.logs[(pod, "api")] = [b"\x1b]0;pwned\x07\x1b[2Jhostile log\x9b31m\n"]
    app = ConsoleApp(world.client, clock=lambda: world.now, driver_class=PromptDriver)  # type: ignore[arg-type]
    app.run()


if __name__ == "__main__":
    main(sys.argv[1])
