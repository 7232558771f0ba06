"""One cluster of two nodes for the whole folder, and a host outside of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster, make_httpd_image, run

OUTSIDE = "e2e-outside"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: item.path.name == "test_the_end.py")  # it ends the cluster that the others share


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="orlop-e2e-"))
    cluster = Cluster(folder / "home")
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.attempt("down", timeout=180)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Two versions of the same small web server, on the nodes."""
    made = {version: make_httpd_image(version) for version in ("v1", "v2")}
    cluster.orlop("image", "load", *made.values())
    yield made
    subprocess.run(["docker", "rmi", "-f", *made.values()], check=False, capture_output=True)


@dataclass
class Outside:
    """A host on the nodes' network that is no node."""

    def run(self, *command: str) -> str:
        return run(["ip", "netns", "exec", OUTSIDE, *command])


@pytest.fixture(scope="session")
def outside(cluster: Cluster) -> Iterator[Outside]:
    gateway = run(["ip", "-4", "-o", "addr", "show", "dev", "orlop0"]).split()[3]
    base = gateway.split("/")[0].rsplit(".", 1)[0]
    _remove()
    run(["ip", "netns", "add", OUTSIDE])
    try:
        run(["ip", "link", "add", "e2e-outside", "type", "veth", "peer", "name", "eth0", "netns", OUTSIDE])
        run(["ip", "link", "set", "e2e-outside", "master", "orlop0", "up"])
        run(["ip", "-n", OUTSIDE, "addr", "add", f"{base}.250/24", "dev", "eth0"])
        for device in ("lo", "eth0"):
            run(["ip", "-n", OUTSIDE, "link", "set", device, "up"])
        yield Outside()
    finally:
        _remove()


def _remove() -> None:
    subprocess.run(["ip", "netns", "del", OUTSIDE], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", "e2e-outside"], check=False, capture_output=True)
