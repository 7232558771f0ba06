"""A bounded load: so many requests a second for so long, each on a new connection; prints what became of them as JSON.

Run as `python load.py URL RATE SECONDS`, also inside a node's namespace. Ends early when a line arrives on stdin or stdin
closes. Needs nothing but Python.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

# busybox httpd lets 9 connections wait: a burst after a stall of this machine must not overflow that.
AT_ONCE = 8


async def ask(host: str, port: int, path: str) -> str:
    """The body of the answer; raises when there is none."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0] + b" ":
            raise ConnectionError(f"not an answer: {head[:60]!r}")
        return body.decode().strip()
    finally:
        writer.close()


async def main(url: str, rate: float, seconds: float) -> None:
    parts = urlsplit(url)
    answers: dict[str, int] = {}
    failures: dict[str, int] = {}
    stopped = asyncio.Event()
    under_way = asyncio.Semaphore(AT_ONCE)
    asyncio.get_running_loop().run_in_executor(None, lambda: (sys.stdin.readline(), stopped.set()))

    async def one() -> None:
        try:
            async with asyncio.timeout(5):
                body = await ask(parts.hostname or "", parts.port or 80, parts.path or "/")
            answers[body] = answers.get(body, 0) + 1
        except (OSError, TimeoutError) as error:
            told = f"{type(error).__name__}: {error}"
            failures[told] = failures.get(told, 0) + 1

    began = time.monotonic()
    sent = 0
    async with asyncio.TaskGroup() as tasks:
        while not stopped.is_set() and time.monotonic() - began < seconds:
            await under_way.acquire()
            tasks.create_task(one()).add_done_callback(lambda _: under_way.release())
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        elapsed = time.monotonic() - began
    print(json.dumps({"sent": sent, "per_second": sent / elapsed, "answers": answers, "failures": failures}), flush=True)
    import os

    os._exit(0)  # the thread that reads stdin would keep the process


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
