"""What containers wrote: both of its streams as one, in the order of writing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from dataplane.runtime.engine import Engine
from dataplane.runtime.types import LogOptions


async def read(engine: Engine, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
    def opened(api: Any) -> Any:
        return api.logs(
            container_id,
            stream=True,
            follow=options.follow,
            timestamps=options.timestamps,
            tail="all" if options.tail_lines is None else options.tail_lines,
            since=options.since or None,
        )

    groups = engine.stream(opened)
    try:
        async for pieces in groups:
            yield b"".join(pieces)
    finally:
        await groups.aclose()
