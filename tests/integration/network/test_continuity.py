"""What must not be noticed: changes of backends, and the death of the process that made everything."""

from __future__ import annotations

import itertools
import random
import shutil
import time
from pathlib import Path

import pytest

from dataplane.bpf import compiler
from dataplane.network import namespaces
from tests.integration.network.conftest import (
    CLUSTER_IP,
    NODE_PORT,
    PORT,
    Cluster,
    Pod,
    ask,
    ask_from_pod,
    errors,
    load,
    names,
)
from tests.support import netns, testrun

CHANGES, STARTS = 300, 8


@pytest.fixture
def pods(cluster: Cluster) -> list[Pod]:
    one, two = cluster.nodes
    return [cluster.start_pod(one, "a"), cluster.start_pod(two, "b"), cluster.start_pod(one, "c")]


@pytest.fixture
def client_pod(cluster: Cluster) -> Pod:
    return cluster.start_pod(cluster.nodes[0], "client")


def test_backends_change_under_load_without_an_error(cluster: Cluster, pods: list[Pod], client_pod: Pod) -> None:
    """Every backend serves all the time; only the tables change, some hundred times."""
    node = cluster.nodes[0]
    choices = [subset for size in (1, 2, 3) for subset in itertools.combinations(pods, size)]
    dice = random.Random(7)
    cluster.serve(*pods)
    inside = {"namespace": namespaces.of_process(client_pod.process.pid), "cgroup": node.cgroup / client_pod.uid}
    with load(node.ip, NODE_PORT, namespace=cluster.outside) as outer, load(CLUSTER_IP, PORT, **inside) as inner:
        for _ in range(CHANGES):
            cluster.serve(*dice.choice(choices))
            time.sleep(0.003)  # so that requests meet many states, not just the last
    for counts in (outer, inner):
        assert errors(counts) == {}
        assert {"a", "b", "c", "kept"} <= counts.keys()


def test_a_new_process_takes_over_under_load_without_an_error(cluster: Cluster, pods: list[Pod], client_pod: Pod) -> None:
    node = cluster.nodes[0]
    cluster.serve(*pods)
    inside = {"namespace": namespaces.of_process(client_pod.process.pid), "cgroup": node.cgroup / client_pod.uid}
    with load(node.ip, NODE_PORT, namespace=cluster.outside) as outer, load(CLUSTER_IP, PORT, **inside) as inner:
        for _ in range(STARTS):
            node.take_over()
    for counts in (outer, inner):
        assert errors(counts) == {}
        assert {"a", "b", "c", "kept"} <= counts.keys()


def test_a_new_process_has_the_tables_before_anyone_told_it(cluster: Cluster, pods: list[Pod], client_pod: Pod) -> None:
    cluster.serve(*pods)
    cluster.nodes[0].take_over()
    assert names(ask_from_pod(client_pod, CLUSTER_IP, PORT, count=30)) == {"a", "b", "c"}


def test_changes_go_on_where_the_process_before_left_them(cluster: Cluster, pods: list[Pod], client_pod: Pod) -> None:
    cluster.serve(*pods)
    cluster.nodes[0].take_over()
    cluster.serve(pods[1])
    assert names(ask_from_pod(client_pod, CLUSTER_IP, PORT, count=20)) == {"b"}


def test_maps_of_another_layout_are_replaced_without_an_error(
    cluster: Cluster, pods: list[Pod], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade that changes the maps: the old programs serve until the new maps are filled."""
    node = cluster.nodes[0]
    cluster.serve(*pods)
    present = compiler.compiled

    def changed(cache: Path) -> compiler.Compiled:
        return present(cache, sizes={"MAX_NODES": 1024})

    changed(testrun.CACHE)
    with load(node.ip, NODE_PORT, namespace=cluster.outside) as counts:
        monkeypatch.setattr(compiler, "compiled", changed)
        node.take_over()
        assert names(ask(node.ip, NODE_PORT, namespace=cluster.outside, count=5)) <= {"a", "b", "c"}
        cluster.serve(*pods)
        assert len(list(node.pin.glob("tables-*"))) == 1
        monkeypatch.undo()
        node.take_over()
        cluster.serve(*pods)
    assert errors(counts) == {}


def test_pins_that_were_taken_away_are_made_again(cluster: Cluster, pods: list[Pod]) -> None:
    node = cluster.nodes[0]
    cluster.serve(*pods)
    shutil.rmtree(node.pin)
    node.take_over()
    cluster.serve(*pods)
    assert names(ask(node.ip, NODE_PORT, namespace=cluster.outside, count=30)) == {"a", "b", "c"}


def test_a_start_needs_no_compiler_once_programs_are_cached(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_nothing(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "_compile_apart", compile_nothing)
    cluster.nodes[0].take_over()


def test_cgroups_of_the_machine_are_left_alone(cluster: Cluster) -> None:
    """A process outside the node's cgroup sees no services: the programs hang on the node's folder only."""
    cluster.serve(cluster.start_pod(cluster.nodes[0], "a"))
    (answer,) = ask(CLUSTER_IP, PORT, namespace=cluster.nodes[0].namespace)
    assert "error" in answer
    assert netns.CGROUPS in cluster.nodes[0].cgroup.parents
