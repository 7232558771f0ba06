"""Writes audit events to a file, many at a time and off the event loop; a full file makes room for a new one."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from pathlib import Path

import structlog

log = structlog.get_logger()

_FLUSH_SECONDS = 0.2
_MOST_WAITING = 100_000  # lines; what exceeds them while the disk does not keep up is lost, and said to be


class AuditFile:
    """`append` never waits. `run` does the writing; when it is cancelled, all that was appended has been written."""

    def __init__(self, path: Path, *, most_bytes: int = 100 << 20, most_files: int = 10) -> None:
        self._path = path
        self._most_bytes, self._most_files = most_bytes, most_files
        self._lines: deque[bytes] = deque()
        self._lost = 0

    def append(self, line: bytes) -> None:
        if len(self._lines) < _MOST_WAITING:
            self._lines.append(line)
        else:
            self._lost += 1

    async def run(self) -> None:
        """Writes until cancelled."""
        try:
            while True:
                await asyncio.sleep(_FLUSH_SECONDS)
                await asyncio.to_thread(self._flush)
        finally:
            self._flush()

    def _flush(self) -> None:
        if self._lost:
            log.error("audit events lost", count=self._lost, path=str(self._path))
            self._lost = 0
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not lines:
            return
        try:
            self._write(b"".join(lines))
        except OSError as error:
            log.error("audit log cannot be written", path=str(self._path), error=str(error), lost=len(lines))

    def _write(self, text: bytes) -> None:
        size = self._path.stat().st_size if self._path.exists() else 0
        if size and size + len(text) > self._most_bytes:
            self._rotate()
        with open(self._path, "ab", opener=_private) as file:
            file.write(text)

    def _rotate(self) -> None:
        """audit.log -> audit.log.1 -> audit.log.2 …; the oldest goes."""
        for number in range(self._most_files - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        self._numbered(self._most_files).unlink(missing_ok=True)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
