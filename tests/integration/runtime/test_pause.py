"""The infrastructure container's program, which no compiler ever saw."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from dataplane.runtime import pause
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.types import ContainerSpec, SandboxSpec
from tests.support.docker import BUSYBOX, new_pod, with_client
from tests.support.waiting import eventually, eventually_sync

pytestmark = pytest.mark.root


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "pause"
    path.write_bytes(pause.program())
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_told_to(program: Path, told: signal.Signals) -> None:
    with subprocess.Popen([program]) as process:
        try:
            eventually_sync(lambda: "sigtimedwait" in Path(f"/proc/{process.pid}/wchan").read_text())
            process.send_signal(told)
            assert process.wait(5) == 0
        finally:
            process.kill()


async def test_it_reaps_orphans_when_the_pod_shares_processes(docker_runtime: DockerRuntime) -> None:
    pod = new_pod()
    sandbox = await docker_runtime.start_sandbox(SandboxSpec(pod))
    leaves_orphans = ("sh", "-c", "for i in 1 2 3; do (sh -c 'sleep 0.1; exit 3' &); done; exec sleep 60")
    spec = ContainerSpec(pod, "web", BUSYBOX, command=leaves_orphans, share_processes=True)
    one = await docker_runtime.start_container(sandbox.id, spec)

    async def processes() -> bool:
        told = await docker_runtime.exec(one, ["sh", "-c", "cat /proc/[0-9]*/stat | cut -d' ' -f2,3 | sort"], 5)
        states = told.output.decode().split("\n")
        assert not [state for state in states if state.endswith("Z")], states
        return "(pause) S" in states and states.count("(sleep) S") == 1

    await eventually(processes)


async def test_its_image_is_loaded_where_it_is_missing_and_always_the_same(docker_runtime: DockerRuntime) -> None:
    await docker_runtime.start_sandbox(SandboxSpec(new_pod()))
    before = await docker_runtime.image(pause.IMAGE)
    with_client(lambda client: list(client.load_image(pause.image(), quiet=True)))
    assert before is not None
    assert await docker_runtime.image(pause.IMAGE) == before
    assert len(pause.program()) == 211


async def test_a_configured_image_that_cannot_be_had_is_replaced_by_ours(docker_runtime: DockerRuntime) -> None:
    """A node without a registry still runs pods."""
    docker_runtime._pause_image = "127.0.0.1:1/none/pause:9"
    sandbox = await docker_runtime.start_sandbox(SandboxSpec(new_pod()))
    assert sandbox.pid > 0
