"""Commands run inside containers, to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dataplane.runtime.engine import Engine
from dataplane.runtime.types import ExecResult

# More than this of a command's output is of no use to a probe.
_MOST_OUTPUT = 10 * 1024


async def run(engine: Engine, container_id: str, command: Sequence[str], timeout_seconds: float) -> ExecResult:
    """Raises TimeoutError; the command itself then goes on in the container, the engine has no way to end it."""
    made = await engine.look(lambda api: api.exec_create(container_id, list(command)))
    output = b""
    async with asyncio.timeout(timeout_seconds):
        groups = engine.stream(lambda api: api.exec_start(made["Id"], stream=True))
        try:
            async for pieces in groups:
                output = (output + b"".join(pieces))[:_MOST_OUTPUT]
        finally:
            await groups.aclose()
    inspected: dict[str, Any] = await engine.look(lambda api: api.exec_inspect(made["Id"]))
    return ExecResult(inspected["ExitCode"] or 0, output)
