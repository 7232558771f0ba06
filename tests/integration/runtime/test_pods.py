"""Pods of real containers: what they share, what is kept of them, how they end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dataplane.runtime import cgroups
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.types import (
    ContainerRecord,
    ContainerSpec,
    Mount,
    PodName,
    Resources,
    RuntimeFailure,
    SandboxRecord,
    SandboxSpec,
    State,
)
from tests.support.docker import BUSYBOX, new_pod
from tests.support.waiting import eventually

pytestmark = pytest.mark.root

FOREVER = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


async def sandbox_of(runtime: DockerRuntime, pod: PodName) -> SandboxRecord:
    return await runtime.start_sandbox(SandboxSpec(pod, hostname=pod.name))


async def container(runtime: DockerRuntime, pod: PodName, container_id: str) -> ContainerRecord:
    record = await runtime.observe(pod)
    return next(one for one in record.containers if one.id == container_id)


async def ended(runtime: DockerRuntime, pod: PodName, container_id: str) -> ContainerRecord:
    async def check() -> ContainerRecord | None:
        seen = await container(runtime, pod, container_id)
        return seen if seen.state is State.EXITED else None

    found = await eventually(check)
    assert found is not None
    return found


def namespace(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


async def test_the_containers_of_a_pod_share_network_and_ipc_and_the_pod_s_host_name(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    ids = [
        await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, name, BUSYBOX, command=FOREVER))
        for name in ("web", "log")
    ]
    records = [await container(docker_runtime, pod, one) for one in ids]
    for kind in ("net", "ipc"):
        assert {namespace(record.pid, kind) for record in records} == {namespace(sandbox.pid, kind)}
    told = await docker_runtime.exec(ids[0], ["hostname"], 5)
    assert told.output == b"web\n"


async def test_a_new_network_namespace_has_no_way_out(docker_runtime: DockerRuntime) -> None:
    """The agent plugs it; the engine has no network of its own in there."""
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    one = await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, "web", BUSYBOX, command=FOREVER))
    links = await docker_runtime.exec(one, ["ls", "/sys/class/net"], 5)
    assert links.output.split() == [b"lo"]


async def test_what_is_asked_about_a_run_is_remembered_with_the_container(docker_runtime: DockerRuntime) -> None:
    """An agent that starts anew finds everything it needs to know in the engine."""
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    spec = ContainerSpec(
        pod, "web", BUSYBOX, attempt=3, backoff_seconds=40, is_init=True, spec_hash="abc", command=("sh", "-c", "exit 7")
    )
    seen = await ended(docker_runtime, pod, await docker_runtime.start_container(sandbox.id, spec))
    assert (seen.attempt, seen.backoff_seconds, seen.is_init, seen.spec_hash) == (3, 40, True, "abc")
    assert (seen.exit_code, seen.reason, seen.sandbox, seen.image) == (7, "Error", sandbox.id, BUSYBOX)
    assert seen.created_at <= seen.started_at <= seen.finished_at
    assert await docker_runtime.pods() == [pod]


async def test_the_newest_run_comes_first(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    for attempt in range(3):
        spec = ContainerSpec(pod, "web", BUSYBOX, attempt=attempt, command=("true",))
        await docker_runtime.start_container(sandbox.id, spec)
    record = await docker_runtime.observe(pod)
    assert [one.attempt for one in record.containers] == [2, 1, 0]


async def test_a_run_is_never_started_twice(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    spec = ContainerSpec(pod, "web", BUSYBOX, command=FOREVER)
    await docker_runtime.start_container(sandbox.id, spec)
    with pytest.raises(RuntimeFailure, match="already in use"):
        await docker_runtime.start_container(sandbox.id, spec)
    assert len((await docker_runtime.observe(pod)).containers) == 1


async def test_a_container_that_cannot_be_started_counts_as_ended(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    with pytest.raises(RuntimeFailure, match=r"no such file or directory|executable file not found"):
        await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, "web", BUSYBOX, command=("/missing",)))
    (seen,) = (await docker_runtime.observe(pod)).containers
    assert (seen.state, seen.exit_code, seen.reason) == (State.EXITED, 127, "ContainerCannotRun")
    assert "/missing" in seen.message


async def test_command_and_args_replace_entrypoint_and_arguments_each_by_itself(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    spec = ContainerSpec(pod, "web", BUSYBOX, args=("sh", "-c", 'exit "$CODE"'), env=[("CODE", "9")])
    seen = await ended(docker_runtime, pod, await docker_runtime.start_container(sandbox.id, spec))
    assert seen.exit_code == 9


async def test_term_lets_a_container_end_by_itself_and_kill_does_not_ask(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    polite = await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, "polite", BUSYBOX, command=FOREVER))
    deaf = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    stubborn = await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, "deaf", BUSYBOX, command=deaf))
    for one in (polite, stubborn):
        await docker_runtime.signal(one, "SIGTERM")
    assert (await ended(docker_runtime, pod, polite)).exit_code == 0
    assert (await container(docker_runtime, pod, stubborn)).state is State.RUNNING
    await docker_runtime.signal(stubborn, "SIGKILL")
    assert (await ended(docker_runtime, pod, stubborn)).exit_code == 137


async def test_stopping_and_removing_what_is_gone_succeeds(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    for _ in range(2):
        await docker_runtime.signal(sandbox.id, "SIGKILL")
    for _ in range(2):
        await docker_runtime.remove(sandbox.id)
    await docker_runtime.signal(sandbox.id, "SIGTERM")
    assert await docker_runtime.pods() == []


async def test_limits_hold_in_the_pod_s_own_control_group(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    limits = Resources(cpu_shares=256, cpu_quota_micros=50_000, memory_bytes=32 << 20)
    spec = ContainerSpec(pod, "web", BUSYBOX, command=FOREVER, resources=limits)
    one = await docker_runtime.start_container(sandbox.id, spec)
    group = f"{docker_runtime.pod_cgroup(pod.uid)}/{one}".lstrip("/")
    found = {path.name: (path / group) for path in cgroups.hierarchies()}
    assert (found["cpu"] / "cpu.shares").read_text() == "256\n"
    assert (found["cpu"] / "cpu.cfs_quota_us").read_text() == "50000\n"
    assert (found["memory"] / "memory.limit_in_bytes").read_text() == f"{32 << 20}\n"
    assert (cgroups.unified() / group).is_dir()


async def test_a_container_that_takes_too_much_memory_is_told_as_such(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    greedy = ("sh", "-c", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done")
    spec = ContainerSpec(pod, "web", BUSYBOX, command=greedy, resources=Resources(memory_bytes=16 << 20))
    seen = await ended(docker_runtime, pod, await docker_runtime.start_container(sandbox.id, spec))
    assert (seen.exit_code, seen.reason) == (137, "OOMKilled")


async def test_nothing_is_left_of_a_pod_that_was_removed(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    one = await docker_runtime.start_container(sandbox.id, ContainerSpec(pod, "web", BUSYBOX, command=FOREVER))
    await docker_runtime.remove(one)
    await docker_runtime.remove(sandbox.id)
    await docker_runtime.forget(pod.uid)
    group = docker_runtime.pod_cgroup(pod.uid).lstrip("/")
    assert await docker_runtime.pods() == []
    assert [path for path in cgroups.hierarchies() if (path / group).exists()] == []


async def test_containers_share_a_mounted_folder(docker_runtime: DockerRuntime, tmp_path: Path) -> None:
    pod = new_pod()
    sandbox = await sandbox_of(docker_runtime, pod)
    mounts = [Mount(str(tmp_path), "/data")]
    spec = ContainerSpec(pod, "web", BUSYBOX, command=("sh", "-c", "echo hi > /data/file"), mounts=mounts)
    await ended(docker_runtime, pod, await docker_runtime.start_container(sandbox.id, spec))
    assert (tmp_path / "file").read_text() == "hi\n"
    read_only = ContainerSpec(
        pod, "ro", BUSYBOX, command=("touch", "/data/more"), mounts=[Mount(str(tmp_path), "/data", read_only=True)]
    )
    seen = await ended(docker_runtime, pod, await docker_runtime.start_container(sandbox.id, read_only))
    assert seen.exit_code == 1


async def test_starts_and_ends_are_told_at_once(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    heard: list[PodName | None] = []
    events = docker_runtime.events()

    async def listen() -> None:
        async for one in events:
            heard.append(one)  # noqa: PERF401

    async with asyncio.TaskGroup() as group:
        listener = group.create_task(listen())
        await eventually(lambda: heard == [None])
        sandbox = await sandbox_of(docker_runtime, pod)
        await eventually(lambda: heard[1:] == [pod])
        await docker_runtime.signal(sandbox.id, "SIGKILL")
        await eventually(lambda: heard[1:] == [pod, pod])
        listener.cancel()
