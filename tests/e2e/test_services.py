"""A web server behind a service: where it runs, who reaches it, and how evenly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster, name_of, run
from tests.e2e.conftest import Outside
from tests.support.waiting import eventually_sync

REQUESTS = 300
_MANY = f'i=0; while [ $i -lt {REQUESTS} ]; do busybox wget -q -O - "$0" || echo failed; i=$((i+1)); done'


@pytest.fixture(scope="module")
def web(cluster: Cluster, images: dict[str, str]) -> Iterator[str]:
    """Three pods behind a node port; the cluster address."""
    cluster.orlop("create", "deployment", "httpd", "--image", images["v1"], "--replicas", "3", "--port", "8080")
    cluster.orlop("expose", "deployment", "httpd", "--port", "80", "--target-port", "8080", "--type", "NodePort")
    cluster.wait_ready("app=httpd", 3)
    address: str = cluster.json("get", "service", "httpd")["spec"]["clusterIP"]
    eventually_sync(lambda: "this is v1" in cluster.shell("node-1", "curl", "-s", f"http://{address}"), within=20)
    yield address
    cluster.orlop("delete", "deployment,service", "httpd")


def node_port(cluster: Cluster) -> int:
    port: int = cluster.json("get", "service", "httpd")["spec"]["ports"][0]["nodePort"]
    return port


def node_addresses(cluster: Cluster) -> list[str]:
    nodes = cluster.json("get", "nodes")["items"]
    return [a["address"] for node in nodes for a in node["status"]["addresses"] if a["type"] == "InternalIP"]


def test_both_nodes_carry_pods(cluster: Cluster, web: str) -> None:
    assert {pod["spec"]["nodeName"] for pod in cluster.pods("app=httpd")} == {"node-1", "node-2"}


def test_every_pod_has_an_address_of_its_nodes_range(cluster: Cluster, web: str) -> None:
    ranges = {name_of(node): node["spec"]["podCIDR"] for node in cluster.json("get", "nodes")["items"]}
    for pod in cluster.pods("app=httpd"):
        assert pod["status"]["podIP"].rsplit(".", 1)[0] == ranges[pod["spec"]["nodeName"]].rsplit(".", 1)[0]


@pytest.mark.parametrize("node", ["node-1", "node-2"])
def test_the_cluster_address_answers_from_a_nodes_shell(cluster: Cluster, web: str, node: str) -> None:
    assert cluster.shell(node, "curl", "-sS", "--max-time", "5", f"http://{web}") == "this is v1\n"


def test_the_cluster_address_answers_from_a_pod_on_each_node(cluster: Cluster, images: dict[str, str], web: str) -> None:
    """The clients are pods that end with the answer in their log."""
    for number in range(1, 5):
        command = ["sh", "-c", f"wget -q -O - http://{web}"]
        cluster.orlop(
            "run", f"client-{number}", "--image", images["v1"], "--restart", "Never", "--labels", "app=client",
            "--command", "--", *command,
        )  # fmt: skip

    def finished() -> list[dict[str, object]]:
        pods = cluster.pods("app=client")
        assert [pod["status"]["phase"] for pod in pods] == ["Succeeded"] * 4, [pod["status"] for pod in pods]
        return pods

    pods = eventually_sync(finished, within=60)
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-1", "node-2"}  # type: ignore[index]
    for number in range(1, 5):
        assert cluster.orlop("logs", f"client-{number}") == "this is v1\n"
    cluster.orlop("delete", "pods", "-l", "app=client")


def test_connections_are_spread_over_the_pods(cluster: Cluster, web: str) -> None:
    told = cluster.shell("node-1", "busybox", "sh", "-c", _MANY, f"http://{web}/cgi-bin/who", timeout=120)
    shares = Counter(told.split())
    assert set(shares) == {name_of(pod) for pod in cluster.pods("app=httpd")}
    assert sum(shares.values()) == REQUESTS
    assert max(shares.values()) <= REQUESTS // 2


def test_the_node_port_answers_from_outside_on_every_node(cluster: Cluster, web: str, outside: Outside) -> None:
    for address in node_addresses(cluster):
        told = outside.run("curl", "-sS", "--max-time", "5", f"http://{address}:{node_port(cluster)}")
        assert told == "this is v1\n"


def test_connections_from_outside_are_spread_over_the_pods_of_both_nodes(
    cluster: Cluster, web: str, outside: Outside
) -> None:
    url = f"http://{node_addresses(cluster)[0]}:{node_port(cluster)}/cgi-bin/who"
    shares = Counter(outside.run("busybox", "sh", "-c", _MANY, url).split())
    assert set(shares) == {name_of(pod) for pod in cluster.pods("app=httpd")}
    assert max(shares.values()) <= REQUESTS // 2


def test_the_node_port_answers_the_machines_own_shell(cluster: Cluster, web: str) -> None:
    for address in node_addresses(cluster):
        assert run(["curl", "-sS", "--max-time", "5", f"http://{address}:{node_port(cluster)}"]) == "this is v1\n"


def test_no_rule_of_ours_or_dockers_is_in_a_nodes_namespace(cluster: Cluster, web: str) -> None:
    for node in ("node-1", "node-2"):
        for table in ("filter", "nat"):
            rules = cluster.shell(node, "iptables", "-t", table, "-S")
            assert all(line.startswith("-P ") for line in rules.splitlines()), rules
        assert "jump" not in cluster.shell(node, "nft", "list", "ruleset")


def test_a_service_without_a_ready_pod_refuses_at_once(cluster: Cluster, web: str) -> None:
    cluster.orlop("create", "-f", "-", stdin=NOBODY)
    address = cluster.json("get", "service", "nobody")["spec"]["clusterIP"]
    done = cluster.attempt("shell", "node-1", "--", "curl", "-sS", "--max-time", "4", f"http://{address}")
    assert done.returncode == 7, done.stderr  # curl's "could not connect", not 28, its time-out
    cluster.orlop("delete", "service", "nobody")


NOBODY = """
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
"""
