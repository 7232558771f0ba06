"""The command as people run it: a process of its own, a kubeconfig file, a real API server with controllers behind it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.kubeconfig import write_context
from controlplane.client.client import Client
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.scheduler.loop import SchedulerOptions, run_scheduler
from controlplane.server import users
from controlplane.server.pki import Identity
from tests.support.hollow import HollowNodes
from tests.support.server import RunningApi, running

_DEADLINE_SECONDS = 40


@dataclass
class Orlop:
    """`await orlop("get", "pods")` is what the command prints; `fails` is what it says when it must fail."""

    kubeconfig: Path
    said: str = field(default="")

    async def __call__(self, *words: str, stdin: str = "") -> str:
        code, out = await self._run(words, stdin)
        assert code == 0, f"orlop {' '.join(words)}: {self.said}"
        return out

    async def fails(self, *words: str, stdin: str = "") -> str:
        code, out = await self._run(words, stdin)
        assert code == 1, f"orlop {' '.join(words)} ended with {code}: {out}"
        return self.said.strip()

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """The running command, its input closed and its output in pipes."""
        pipe, env = asyncio.subprocess.PIPE, {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        command = (sys.executable, "-m", "console.main", *words)
        return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=env)

    async def _run(self, words: tuple[str, ...], stdin: str) -> tuple[int, str]:
        process = await self.start(*words)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            out, err = await process.communicate(stdin.encode())
        self.said = err.decode()
        assert process.returncode is not None
        return process.returncode, out.decode()


@pytest.fixture
def orlop(api: RunningApi, tmp_path: Path) -> Orlop:
    path, how = tmp_path / "kubeconfig", api.connection()
    write_context(
        path, "test", server=f"https://{how.address}", grpc=how.address, ca=how.ca, certificate=how.certificate,
        key=how.key)  # fmt: skip
    return Orlop(path)


@pytest.fixture
async def nodes(api: RunningApi, client: Client) -> AsyncIterator[HollowNodes]:
    """Two simulated nodes, the scheduler and the controllers."""
    hollow = HollowNodes(client, ["node-1", "node-2"])
    async with (
        api.client(Identity(users.CONTROLLER_MANAGER)) as manager,
        api.client(Identity(users.SCHEDULER)) as scheduler,
        running(hollow.run(), "hollow"),
        running(run_manager(manager, ManagerOptions(cluster_cidr="10.244.0.0/16")), "manager"),
        running(run_scheduler(scheduler, SchedulerOptions()), "scheduler"),
    ):
        await hollow.registered.wait()
        yield hollow
