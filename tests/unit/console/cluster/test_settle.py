"""What `orlop up` brings up where a cluster is, or was."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from console.cluster import processes, up
from console.cluster.home import Claim, Home, Spec

TWO = Spec(nodes=("node-1", "node-2"), gateway="172.30.0.1", addresses={"node-1": "172.30.0.11"})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def pretend_running(home: Home) -> None:
    """This very process stands for one of the cluster's."""
    started = processes.started_at(os.getpid())
    assert started is not None
    processes.note(processes.Running("api", os.getpid(), started), home.run)


def test_a_new_cluster_is_as_wanted(home: Home) -> None:
    assert up.settle(home, TWO).nodes == ("node-1", "node-2")


def test_a_port_that_is_taken_is_passed_over(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert up.settle(home, replace(TWO, api_port=port)).api_port == port + 10


def test_a_running_cluster_keeps_its_nodes_and_ports_and_may_grow(home: Home) -> None:
    home.save(replace(TWO, api_port=7777))
    pretend_running(home)
    spec = up.settle(home, Spec(nodes=("node-1", "node-2", "node-3")))
    assert spec.nodes == ("node-1", "node-2", "node-3")
    assert (spec.api_port, spec.gateway) == (7777, "172.30.0.1")
    assert up.settle(home, Spec(nodes=("node-1",))).nodes == ("node-1", "node-2")


def test_a_cluster_that_was_stopped_comes_back_with_all_its_nodes(home: Home) -> None:
    home.save(TWO)
    assert up.settle(home, Spec(nodes=("node-1",))).nodes == ("node-1", "node-2")


def test_a_running_cluster_of_another_sort_is_not_taken_over(home: Home) -> None:
    home.save(TWO)
    pretend_running(home)
    with pytest.raises(up.UpError, match="another cluster runs here; end it with `orlop down`"):
        up.settle(home, Spec(hollow=3))


def test_one_cluster_at_a_time_has_the_machines_nodes(home: Home, tmp_path: Path) -> None:
    other, claim = Home(tmp_path / "other"), Claim(tmp_path / "claim")
    other.save(TWO)
    pretend_running(other)
    up.claim_machine(other, claim)
    with pytest.raises(up.UpError, match="has this machine's nodes; end it with"):
        up.claim_machine(home, claim)
    (other.run / "api.json").unlink()
    up.claim_machine(home, claim)
    holder = claim.holder()
    assert holder is not None
    assert holder.path == home.path
