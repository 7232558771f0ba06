"""Docker for tests: a small image of busybox, made here, and nodes' worth of containers that are gone afterwards.

Use by importing the fixtures into a `conftest.py`: `from tests.support.docker import busybox, docker_runtime`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from docker import APIClient
from docker import errors as docker_errors

from dataplane.runtime import cgroups, labels
from dataplane.runtime.archive import File, ImageConfig, archive
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.engine import API_VERSION, Engine
from dataplane.runtime.types import PodName
from tests.support.waiting import eventually_sync

DOCKER = "unix:///var/run/docker.sock"
BUSYBOX = "orlop-test/busybox:1"
NODE_PREFIX = "runtime-test"


def new_pod(name: str = "web") -> PodName:
    return PodName("default", name, str(uuid.uuid4()))


def load_busybox() -> str:
    """Loads the image unless it is there; returns its name. It has `sh`, `sleep`, `httpd`, `nc`, … and runs `sh`."""
    with_client(_load_busybox)
    return BUSYBOX


def with_client(use: Any) -> Any:
    client = APIClient(base_url=DOCKER, version=API_VERSION, timeout=60)
    try:
        return use(client)
    finally:
        client.close()


def new_node_name(prefix: str) -> str:
    """A name that tells which process made the node: several runs of tests may share a machine."""
    return f"{prefix}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def remove_node(name: str) -> None:
    """Removes all containers and control groups of a node."""
    with_client(lambda client: _remove_containers(client, {name}))
    cgroups.remove(f"/orlop/{name}")


def sweep(prefix: str) -> None:
    """Removes what runs of tests that are over have left of their nodes."""
    names = {path.name for path in Path("/sys/fs/cgroup").glob(f"*/orlop/{prefix}-*")}
    names |= with_client(lambda client: {one["Labels"][labels.NODE] for one in _ours(client)})
    left = {name for name in names if name.startswith(prefix) and not Path(f"/proc/{name.split('-')[-2]}").exists()}
    with_client(lambda client: _remove_containers(client, left))
    for name in left:
        cgroups.remove(f"/orlop/{name}")


def _load_busybox(client: APIClient) -> None:
    applets = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    files = {f"bin/{name}": File(link="/bin/busybox") for name in applets}
    files |= {
        "bin/busybox": File(Path("/bin/busybox").read_bytes(), mode=0o755),
        "etc/passwd": File(b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
        "tmp/.keep": File(),
        "www/index.html": File(b"hello\n"),
    }
    for _ in client.load_image(archive(BUSYBOX, files, ImageConfig(command=("sh",))), quiet=True):
        pass


def _ours(client: APIClient) -> list[Any]:
    return list(client.containers(all=True, filters={"label": f"{labels.OURS}=1"}))


def _remove_containers(client: APIClient, nodes: set[str]) -> None:
    def check() -> bool:
        left = [one["Id"] for one in _ours(client) if one["Labels"][labels.NODE] in nodes]
        for one in left:
            # Gone meanwhile, or somebody else's removal of it is under way.
            with contextlib.suppress(docker_errors.APIError):
                client.remove_container(one, force=True, v=True)
        return not left

    eventually_sync(check, within=30)


@pytest.fixture(scope="session")
def busybox() -> str:
    """The name of a busybox image that the engine has."""
    return load_busybox()


@pytest.fixture(scope="session")
def _swept() -> None:
    sweep(NODE_PREFIX)


@pytest_asyncio.fixture
async def docker_runtime(_swept: None, busybox: str) -> AsyncIterator[DockerRuntime]:
    """The runtime of a node of its own; what it started is gone afterwards."""
    node = new_node_name(NODE_PREFIX)
    engine = Engine(DOCKER)
    try:
        yield DockerRuntime(engine, node=node, cgroup=f"/orlop/{node}")
    finally:
        engine.close()
        remove_node(node)
