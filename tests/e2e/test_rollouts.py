"""Rolling updates under load: no request fails, and no more pods are missing than promised."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import ORLOP, Cluster, name_of
from tests.support.waiting import eventually_sync

LOAD = str(Path(__file__).with_name("load.py"))
RATE = 250
SELECTOR = "app=shop"


@pytest.fixture(scope="module")
def shop(cluster: Cluster, images: dict[str, str]) -> Iterator[str]:
    cluster.orlop("create", "deployment", "shop", "--image", images["v1"], "--replicas", "3", "--port", "8080")
    cluster.orlop("expose", "deployment", "shop", "--port", "80", "--target-port", "8080")
    cluster.wait_ready(SELECTOR, 3)
    address: str = cluster.json("get", "service", "shop")["spec"]["clusterIP"]
    eventually_sync(lambda: "this is v1" in cluster.shell("node-1", "curl", "-s", f"http://{address}"), within=20)
    yield address
    cluster.orlop("delete", "deployment,service", "shop")


class Load:
    """Requests from a node's shell while the block runs."""

    def __init__(self, cluster: Cluster, node: str, address: str) -> None:
        command = [ORLOP, "shell", node, "--", sys.executable, LOAD, f"http://{address}/", str(RATE), "120"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=cluster.env
        )
        self.result: dict[str, Any] = {}

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        told, complaint = self._process.communicate("stop\n", timeout=60)
        assert told, complaint
        self.result = json.loads(told)


class Availability:
    """The smallest number of ready pods that a watch has shown while the block ran."""

    def __init__(self, cluster: Cluster, deployment: str) -> None:
        self._watch = cluster.start("get", "deployment", deployment, "-w", "-o", "json")
        self.seen: list[int] = []
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        decoder = json.JSONDecoder()
        text = ""
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            text += line
            while True:
                try:
                    document, end = decoder.raw_decode(text.lstrip())
                except ValueError:
                    break
                text = text.lstrip()[end:]
                self.seen.append(document.get("status", {}).get("availableReplicas", 0))

    def __enter__(self) -> Availability:
        self._thread.start()
        eventually_sync(lambda: self.seen, within=20)
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.kill()
        self._watch.wait()
        self._thread.join(timeout=5)
        assert self._watch.stdout is not None
        self._watch.stdout.close()


def replica_sets(cluster: Cluster) -> dict[str, int]:
    items = cluster.json("get", "replicasets", "-l", SELECTOR)["items"]
    return {name_of(item): item["spec"]["replicas"] for item in items}


def test_an_update_under_load_fails_no_request_and_keeps_its_promise(
    cluster: Cluster, shop: str, images: dict[str, str]
) -> None:
    """The web server dies at TERM at once and has no preStop: requests survive because TERM waits for the data planes."""
    with (
        Availability(cluster, "shop") as availability,
        Load(cluster, "node-1", shop) as load,
    ):
        cluster.orlop("set", "image", "deployment/shop", f"httpd={images['v2']}")
        told = cluster.orlop("rollout", "status", "deployment/shop")
    assert 'deployment "shop" successfully rolled out' in told
    assert load.result["failures"] == {}
    assert load.result["per_second"] >= 200
    assert set(load.result["answers"]) == {"this is v1", "this is v2"}
    assert min(availability.seen) >= 3  # 25 % of 3 unavailable, rounded down, is none
    assert cluster.shell("node-1", "curl", "-s", f"http://{shop}") == "this is v2\n"


def test_undo_brings_the_old_version_back_in_its_old_replica_set(cluster: Cluster, shop: str) -> None:
    before = replica_sets(cluster)
    with Load(cluster, "node-2", shop) as load:
        cluster.orlop("rollout", "undo", "deployment/shop")
        cluster.orlop("rollout", "status", "deployment/shop")
    assert load.result["failures"] == {}
    after = replica_sets(cluster)
    assert set(after) == set(before)
    assert {name: 3 - replicas for name, replicas in before.items()} == after
    assert cluster.shell("node-1", "curl", "-s", f"http://{shop}") == "this is v1\n"
    history = cluster.orlop("rollout", "history", "deployment/shop").split("\n")[2:]
    assert [line.split()[0] for line in history if line] == ["2", "3"]


def test_scaling_makes_exactly_as_many_pods(cluster: Cluster, shop: str) -> None:
    assert cluster.orlop("scale", "deployment/shop", "--replicas", "5") == "deployment.apps/shop scaled\n"
    cluster.wait_ready(SELECTOR, 5)
    with Load(cluster, "node-1", shop) as load:
        cluster.orlop("scale", "deployment/shop", "--replicas", "1")
        cluster.wait_ready(SELECTOR, 1)
    assert load.result["failures"] == {}
    cluster.orlop("scale", "deployment/shop", "--replicas", "3")
    cluster.wait_ready(SELECTOR, 3)
