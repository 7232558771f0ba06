"""The audit file: nothing is lost at the end, and it never grows without bound."""

from __future__ import annotations

import asyncio
from pathlib import Path

from controlplane.server.audit.log import AuditFile


async def written(file: AuditFile, *lines: bytes) -> None:
    """Appends, and stops the writer as a server's end does."""
    task = asyncio.get_running_loop().create_task(file.run())
    await asyncio.sleep(0)
    for line in lines:
        file.append(line)
    task.cancel()
    await asyncio.wait({task})


async def test_what_was_appended_is_written_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    await written(AuditFile(path), b"one\n", b"two\n")
    await written(AuditFile(path), b"three\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"


async def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    await written(AuditFile(path), b"x\n")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = AuditFile(path, most_bytes=10, most_files=2)
    for number in range(5):
        await written(file, f"line-{number}\n".encode())
    assert path.read_bytes() == b"line-4\n"
    assert (tmp_path / "audit.log.1").read_bytes() == b"line-3\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.log", "audit.log.1"]


async def test_a_disk_that_refuses_does_not_end_the_server(tmp_path: Path) -> None:
    file = AuditFile(tmp_path / "missing" / "audit.log")
    await written(file, b"x\n")
    (tmp_path / "missing").mkdir()
    await written(file, b"y\n")
    assert (tmp_path / "missing" / "audit.log").read_bytes() == b"y\n"
