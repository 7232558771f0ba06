"""What a simulated pod says when asked for its logs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

from controlplane.api import errors
from controlplane.client.informer import Informer
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2


async def hollow_logs(
    informer: Informer[core.Pod], request: node_pb2.LogsRequest, *, clock: Callable[[], float]
) -> AsyncIterator[bytes]:
    """Lines as a small web server might write them, one a second since the pod started."""
    pod = informer.get(request.name, request.namespace)
    if pod is None:
        raise errors.not_found("pods", request.name)
    began = int(pod.status.start_time.seconds or clock())
    tail = request.tail_lines if request.HasField("tail_lines") else 100
    now = int(clock())
    for second in range(max(began, now - tail), now):
        yield _line(pod, second, timestamps=request.timestamps)
    while request.follow:
        await asyncio.sleep(1.0)
        yield _line(pod, int(clock()), timestamps=request.timestamps)


def _line(pod: core.Pod, second: int, *, timestamps: bool) -> bytes:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    number = random.Random(f"{pod.metadata.uid}{second}").randrange(1, 1000)
    stamp = f"{moment}.000000000Z " if timestamps else ""
    return f'{stamp}{moment} {pod.metadata.name} "GET /item/{number} HTTP/1.1" 200 {number * 7}\n'.encode()
