"""A cluster of simulated nodes: real API, scheduler and controllers; no Docker, no eBPF, no root."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster, is_ready, run
from tests.support.etcd import running_etcd
from tests.support.waiting import eventually_sync


@pytest.fixture(scope="module")
def hollow() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="orlop-e2e-hollow-"))
    cluster = Cluster(folder / "home")
    try:
        cluster.orlop("up", "--hollow", "5", "--detach")
        yield cluster
    finally:
        cluster.attempt("down")
        shutil.rmtree(folder, ignore_errors=True)


def test_its_nodes_are_ready(hollow: Cluster) -> None:
    rows = [line.split()[:2] for line in hollow.orlop("get", "nodes").splitlines()[1:]]
    assert rows == [[f"node-{number}", "Ready"] for number in range(1, 6)]


def test_a_deployment_comes_up_and_rolls(hollow: Cluster) -> None:
    hollow.orlop("create", "deployment", "web", "--image", "web:1", "--replicas", "20")
    assert "successfully rolled out" in hollow.orlop("rollout", "status", "deployment/web")
    hollow.orlop("set", "image", "deployment/web", "web=web:2")
    assert "successfully rolled out" in hollow.orlop("rollout", "status", "deployment/web")
    pods = [pod for pod in hollow.pods("app=web") if is_ready(pod)]
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"web:2"}
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 5


def test_its_pods_have_logs(hollow: Cluster) -> None:
    eventually_sync(lambda: hollow.orlop("logs", "deployment/web").strip())  # a line every now and then, from its start on


def test_a_deleted_namespace_takes_all_with_it(hollow: Cluster) -> None:
    hollow.orlop("create", "namespace", "team")
    hollow.orlop("create", "deployment", "web", "-n", "team", "--image", "web:1", "--replicas", "3")
    hollow.orlop("rollout", "status", "deployment/web", "-n", "team")
    hollow.orlop("delete", "namespace", "team")
    assert not hollow.pods(namespace="team")


def test_the_example_of_the_documentation_follows_its_pods(hollow: Cluster) -> None:
    said = run([sys.executable, "docs/examples/follow_pods.py", hollow.env["KUBECONFIG"]]).splitlines()
    assert said[0].startswith("example has uid ")
    assert sum(line.endswith(" is Running") for line in said) >= 2
    assert said[-1] == "done"


def test_down_ends_every_process_and_empties_the_directory(hollow: Cluster) -> None:
    pids = [hollow.process(name) for name in ("supervisor", "etcd", "api", "controllers", "hollow")]
    hollow.down()
    eventually_sync(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in pids))
    left = {path.name for path in hollow.home.iterdir()} if hollow.home.exists() else set()
    assert left <= {"cache"}
    assert "orlop" not in Path(hollow.env["KUBECONFIG"]).read_text()


def test_an_etcd_of_ones_own_is_used_and_left_alone() -> None:
    """With `--etcd` no etcd is started, and `down` does not end the one that was given."""
    folder = Path(tempfile.mkdtemp(prefix="orlop-e2e-etcd-"))
    cluster = Cluster(folder / "home")
    with running_etcd() as etcd:
        pki = etcd.pki.path
        files = ("--etcd-ca", f"{pki}/ca.crt", "--etcd-cert", f"{pki}/apiserver.crt", "--etcd-key", f"{pki}/apiserver.key")
        try:
            cluster.orlop("up", "--hollow", "1", "--detach", "--etcd", etcd.endpoint.addresses[0], *files)
            assert " Ready " in cluster.orlop("get", "nodes")
            assert not (cluster.home / "run" / "etcd.json").exists()
        finally:
            cluster.attempt("down")
            shutil.rmtree(folder, ignore_errors=True)
        assert etcd.process.poll() is None
