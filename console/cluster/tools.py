"""Runs the other packages' tools as programs: the console imports neither the server nor the agent."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


class ToolError(Exception):
    """A tool failed; the text is what it said."""


async def run(module: str, *arguments: str) -> str:
    """What `python -m MODULE ARGUMENTS` prints. Raises ToolError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    if process.returncode:
        told = err.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise ToolError(f"{module} {arguments[0]}: {told[-1]}")
    return out.decode()


async def run_json(module: str, *arguments: str) -> Any:
    return json.loads(await run(module, *arguments))
