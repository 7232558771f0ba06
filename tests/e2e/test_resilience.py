"""Kill -9 of anything: traffic goes on, and the cluster is manageable again by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster, name_of
from tests.e2e.test_rollouts import Load
from tests.support.waiting import eventually_sync

SELECTOR = "app=steady"


@pytest.fixture(scope="module")
def steady(cluster: Cluster, images: dict[str, str]) -> Iterator[str]:
    cluster.orlop("create", "deployment", "steady", "--image", images["v1"], "--replicas", "2", "--port", "8080")
    cluster.orlop("expose", "deployment", "steady", "--port", "80", "--target-port", "8080")
    cluster.wait_ready(SELECTOR, 2)
    address: str = cluster.json("get", "service", "steady")["spec"]["clusterIP"]
    eventually_sync(lambda: "this is v1" in cluster.shell("node-1", "curl", "-s", f"http://{address}"), within=20)
    yield address
    cluster.orlop("delete", "deployment,service", "steady")


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def containers(cluster: Cluster) -> set[str]:
    """The ids of the pods' containers, all of them running."""
    statuses = [status for pod in cluster.pods(SELECTOR) for status in pod["status"]["containerStatuses"]]
    ids = {status["containerID"].removeprefix("docker://") for status in statuses}
    running = docker("ps", "-q", "--no-trunc", "--filter", "label=orlop").split()
    assert ids <= set(running)
    return ids


def test_a_killed_container_is_started_again_in_the_same_pod(cluster: Cluster, steady: str) -> None:
    pod = cluster.pods(SELECTOR)[0]
    container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("docker://")
    os.kill(int(docker("inspect", "-f", "{{.State.Pid}}", container)), signal.SIGKILL)

    def healed() -> bool:
        now = next(p for p in cluster.pods(SELECTOR) if name_of(p) == name_of(pod))
        [status] = now["status"]["containerStatuses"]
        assert (status["restartCount"], status["ready"]) == (1, True), status
        assert status["lastState"]["terminated"]["exitCode"] == 137
        assert now["status"]["podIP"] == pod["status"]["podIP"]
        return True

    eventually_sync(healed, within=60)


def test_a_killed_agent_leaves_pods_and_traffic_alone_and_takes_over(cluster: Cluster, steady: str) -> None:
    before = containers(cluster)
    with Load(cluster, "node-1", steady) as load:
        pid = cluster.kill("agent-node-1")
        cluster.wait_replaced("agent-node-1", pid)
        cluster.orlop("scale", "deployment/steady", "--replicas", "4")
        cluster.wait_ready(SELECTOR, 4)
    assert load.result["failures"] == {}
    assert before <= containers(cluster)
    cluster.orlop("scale", "deployment/steady", "--replicas", "2")
    cluster.wait_ready(SELECTOR, 2)


@pytest.mark.parametrize("process", ["api", "etcd", "controllers", "supervisor"])
def test_a_killed_process_of_the_control_plane_does_not_touch_traffic(cluster: Cluster, steady: str, process: str) -> None:
    before = containers(cluster)
    with Load(cluster, "node-2", steady) as load:
        pid = cluster.kill(process)
        if process == "supervisor":
            cluster.up()
        cluster.wait_replaced(process, pid)

        def manageable() -> bool:
            done = cluster.attempt("scale", "deployment/steady", "--replicas", "3")
            assert done.returncode == 0, done.stderr
            return True

        eventually_sync(manageable, within=60)
        cluster.wait_ready(SELECTOR, 3)
    assert load.result["failures"] == {}
    assert before <= containers(cluster)
    cluster.orlop("scale", "deployment/steady", "--replicas", "2")
    cluster.wait_ready(SELECTOR, 2)


def test_nothing_acknowledged_is_lost_when_api_and_etcd_die_together(cluster: Cluster, steady: str) -> None:
    cluster.orlop("create", "namespace", "kept")
    pids = {name: cluster.kill(name) for name in ("etcd", "api")}
    for name, pid in pids.items():
        cluster.wait_replaced(name, pid)

    def there() -> bool:
        done = cluster.attempt("get", "namespace", "kept", "-o", "name")
        assert done.stdout == "namespace/kept\n", done.stderr
        return True

    eventually_sync(there, within=60)
    cluster.orlop("delete", "namespace", "kept")
