"""What containers wrote, as people ask for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.types import ContainerSpec, LogOptions, SandboxSpec
from tests.integration.runtime.test_pods import ended
from tests.support.docker import BUSYBOX, new_pod
from tests.support.waiting import eventually

pytestmark = pytest.mark.root


async def run(runtime: DockerRuntime, command: Sequence[str], *, wait: bool = True) -> str:
    pod = new_pod()
    sandbox = await runtime.start_sandbox(SandboxSpec(pod))
    one = await runtime.start_container(sandbox.id, ContainerSpec(pod, "web", BUSYBOX, command=command))
    if wait:
        await ended(runtime, pod, one)
    return one


async def read(runtime: DockerRuntime, one: str, options: LogOptions) -> bytes:
    return b"".join([piece async for piece in runtime.logs(one, options)])


async def test_both_streams_come_in_one_byte_for_byte(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["sh", "-c", r"printf 'a\0\377\n'; sleep 0.1; echo b >&2; sleep 0.1; printf c"])
    assert await read(docker_runtime, one, LogOptions()) == b"a\0\xff\nb\nc"


async def test_the_tail_is_the_last_lines(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["seq", "1", "100"])
    assert await read(docker_runtime, one, LogOptions(tail_lines=2)) == b"99\n100\n"
    assert await read(docker_runtime, one, LogOptions(tail_lines=0)) == b""


async def test_timestamps_go_before_each_line_and_since_cuts_by_them(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["sh", "-c", "echo old; sleep 1.1; echo new"])
    stamped = (await read(docker_runtime, one, LogOptions(timestamps=True))).decode().splitlines()
    assert [line.split(" ")[1] for line in stamped] == ["old", "new"]
    assert stamped[0].startswith(time.strftime("%Y-", time.gmtime()))
    assert await read(docker_runtime, one, LogOptions(since=time.time() - 0.9)) == b"new\n"


async def test_a_reader_that_follows_gets_lines_as_they_are_written_until_the_end(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo hi; while :; do sleep 0.05; done"],
                    wait=False)  # fmt: skip
    heard = bytearray()

    async def follow() -> None:
        async for piece in docker_runtime.logs(one, LogOptions(follow=True)):
            heard.extend(piece)

    async with asyncio.TaskGroup() as group:
        follower = group.create_task(follow())
        await eventually(lambda: heard == b"hi\n")
        assert not follower.done()
        await docker_runtime.signal(one, "SIGTERM")
    assert heard == b"hi\nbye\n"


async def test_a_reader_may_leave_a_container_that_writes_without_end(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["sh", "-c", "while :; do echo y; done"], wait=False)
    pieces = docker_runtime.logs(one, LogOptions(follow=True))
    async for piece in pieces:
        assert piece.startswith(b"y\n")
        break
    await pieces.aclose()  # type: ignore[attr-defined]
    await docker_runtime.signal(one, "SIGKILL")


async def test_a_long_log_arrives_whole(docker_runtime: DockerRuntime) -> None:
    one = await run(docker_runtime, ["seq", "1", "20000"])
    lines = (await read(docker_runtime, one, LogOptions())).split()
    assert lines == [str(number).encode() for number in range(1, 20001)]
