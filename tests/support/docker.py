"""Docker for tests: a small image of busybox, made here, and nodes' worth of containers that are gone afterwards.

Use by importing the fixtures into a `conftest.py`: `from tests.support.docker import busybox, docker_runtime`.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from docker import APIClient

from dataplane.runtime import cgroups, labels
from dataplane.runtime.archive import File, ImageConfig, archive
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.engine import API_VERSION, Engine
from dataplane.runtime.types import PodName

DOCKER = "unix:///var/run/docker.sock"
BUSYBOX = "orlop-test/busybox:1"
NODE_PREFIX = "runtime-test-"


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


def remove_nodes(prefix: str) -> None:
    """Removes all containers and control groups of nodes whose name starts so."""
    with_client(lambda client: _remove_nodes(client, prefix))


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


def _remove_nodes(client: APIClient, prefix: str) -> None:
    for one in client.containers(all=True, filters={"label": f"{labels.OURS}=1"}):
        if one["Labels"][labels.NODE].startswith(prefix):
            client.remove_container(one["Id"], force=True, v=True)
    for group in Path("/sys/fs/cgroup").glob(f"*/orlop/{prefix}*"):
        cgroups.remove(f"/orlop/{group.name}")


@pytest.fixture(scope="session")
def busybox() -> str:
    """The name of a busybox image that the engine has."""
    return load_busybox()


@pytest.fixture(scope="session")
def _swept() -> None:
    remove_nodes(NODE_PREFIX)


@pytest_asyncio.fixture
async def docker_runtime(_swept: None, busybox: str) -> AsyncIterator[DockerRuntime]:
    """The runtime of a node of its own; what it started is gone afterwards."""
    node = NODE_PREFIX + uuid.uuid4().hex[:8]
    engine = Engine(DOCKER)
    try:
        yield DockerRuntime(engine, node=node, cgroup=f"/orlop/{node}")
    finally:
        engine.close()
        remove_nodes(node)
