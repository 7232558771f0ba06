"""The programs of docs/api.md do what they say."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.server import RunningApi

ROOT = Path(__file__).parents[3]


async def run(name: str, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, f"docs/examples/{name}", *words, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def output_of(process: asyncio.subprocess.Process) -> list[str]:
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode().splitlines()


async def test_the_api_is_spoken_with_nothing_but_grpc_and_the_protos(api: RunningApi, tmp_path: Path) -> None:
    link = api.connection()
    for name, text in (("ca.crt", link.ca), ("client.crt", link.certificate), ("client.key", link.key)):
        (tmp_path / name).write_bytes(text)
    files = (str(tmp_path / name) for name in ("ca.crt", "client.crt", "client.key"))
    said = await output_of(await run("plain_grpc.py", link.address, *files))
    assert said[0].startswith("created plain at version ")
    assert said[1:] == [
        'refused: AlreadyExists: configmaps "plain" already exists', "MODIFIED: good evening", "deleted",
    ]  # fmt: skip
