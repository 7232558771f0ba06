"""What a cluster is made of."""

from __future__ import annotations

from pathlib import Path

from console.cluster import plan
from console.cluster.home import Home, Spec

HOME = Home(Path("/home"))
SPEC = Spec(nodes=("node-1", "node-2"), gateway="172.30.0.1", addresses={"node-1": "172.30.0.11", "node-2": "172.30.0.12"})


def names(spec: Spec) -> list[str]:
    return [process.name for process in plan.processes(spec, HOME)]


def test_a_cluster_has_a_control_plane_and_an_agent_for_each_node() -> None:
    assert names(SPEC) == ["etcd", "api", "controllers", "agent-node-1", "agent-node-2"]


def test_an_etcd_of_ones_own_is_used_and_not_started() -> None:
    spec = Spec(
        nodes=("node-1",), gateway="g", addresses={"node-1": "a"}, etcd="etcd.example:2379", etcd_files=("a", "b", "c")
    )
    assert names(spec) == ["api", "controllers", "agent-node-1"]
    api = plan.processes(spec, HOME)[0].command
    assert "--etcd=etcd.example:2379" in api
    assert api[api.index("--etcd-ca") + 1] == "a"


def test_hollow_nodes_are_one_process_that_needs_no_root() -> None:
    spec = Spec(hollow=3)
    assert names(spec) == ["etcd", "api", "controllers", "hollow"]
    assert not any("nsenter" in word for process in plan.processes(spec, HOME) for word in process.command)


def test_the_api_is_served_to_this_machine_and_the_nodes_only() -> None:
    api = next(process for process in plan.processes(SPEC, HOME) if process.name == "api")
    assert "--listen=127.0.0.1:6444,172.30.0.1:6444" in api.command
    assert "--listen-tokens=127.0.0.1:6445,172.30.0.1:6445" in api.command


def test_an_agent_runs_in_its_nodes_network() -> None:
    agent = plan.processes(SPEC, HOME)[-1].command
    assert agent[:2] == ("nsenter", "--net=/var/run/netns/orlop-node-2")
    assert agent[agent.index("--node-ip") + 1] == "172.30.0.12"


def test_a_spec_survives_being_saved(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save(SPEC)
    assert home.load() == SPEC


def test_the_api_encrypts_and_the_controllers_come_back_as_themselves() -> None:
    commands = {process.name: process.command for process in plan.processes(SPEC, HOME)}
    assert "--encryption-config=/home/pki/encryption.yaml" in commands["api"]
    assert f"--identity={plan.IDENTITY}" in commands["controllers"]
