"""The engine's events, as the pods that they concern."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from dataplane.runtime import labels
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import PodName

_OF_INTEREST = ["start", "die", "oom", "destroy"]


async def read(engine: Engine, node: str) -> AsyncIterator[PodName | None]:
    """None once the stream is open: what happened before it was has to be looked for."""
    wanted = {"type": ["container"], "event": _OF_INTEREST, "label": labels.filters(node)}

    def opened(api: Any) -> Any:
        return _then(api.events(decode=True, filters=wanted))

    groups = engine.stream(opened)
    try:
        async for group in groups:
            for pod in dict.fromkeys(_pod_of(event) for event in group):
                yield pod
    finally:
        await groups.aclose()


class _then:  # noqa: N801
    """The stream with a first item of our own: the mark that it is open."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._response, self.close = stream, stream._response, stream.close

    def __iter__(self) -> Any:
        yield None
        yield from self._stream


def _pod_of(event: Any) -> PodName | None:
    return None if event is None else labels.pod_of(event["Actor"]["Attributes"])
