"""What a node tells of itself."""

from __future__ import annotations

from dataclasses import replace

from dataplane.agent.machine import Machine, Pressure
from dataplane.agent.nodestatus import Facts, new_node, node_status, tells_more
from dataplane.runtime.types import Image
from protos.v1 import core_pb2 as core

MACHINE = Machine(
    cpus=2, memory_bytes=8 << 30, disk_bytes=50 << 30, machine_id="m", system_uuid="s", boot_id="b", kernel="6.1",
    os_image="Debian", architecture="amd64")  # fmt: skip
FACTS = Facts("node-1", "10.0.0.1", 10250, MACHINE, "docker://20.10.24", labels={"zone": "a"})


def told(status: core.NodeStatus) -> dict[str, tuple[str, str]]:
    return {one.type: (one.status, one.reason) for one in status.conditions}


def test_a_new_node_tells_where_it_is_and_what_it_has() -> None:
    node = new_node(FACTS, 100)
    standard = {
        f"kubernetes.io/{name}": value for name, value in (("hostname", "node-1"), ("os", "linux"), ("arch", "amd64"))
    }
    assert dict(node.metadata.labels) == {**standard, "zone": "a"}
    amounts = {name: amount.string for name, amount in node.status.allocatable.items()}
    assert amounts == {"cpu": "2", "memory": "8388608Ki", "ephemeral-storage": "52428800Ki", "pods": "110"}
    assert node.status.daemon_endpoints.kubelet_endpoint.port == 10250
    assert node.status.node_info.kubelet_version == "v0.1.0"


def test_a_healthy_node_is_ready_and_under_no_pressure() -> None:
    assert told(node_status(FACTS, core.NodeStatus(), 100)) == {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID"),
        "Ready": ("True", "KubeletReady"),
    }


def test_trouble_is_told_as_such() -> None:
    trouble = replace(FACTS, pressure=Pressure(memory=True, disk=True, pids=True), problem="no network yet")
    status = node_status(trouble, core.NodeStatus(), 100)
    assert told(status) == {
        "MemoryPressure": ("True", "KubeletHasInsufficientMemory"),
        "DiskPressure": ("True", "KubeletHasDiskPressure"),
        "PIDPressure": ("True", "KubeletHasInsufficientPID"),
        "Ready": ("False", "KubeletNotReady"),
    }
    assert next(one.message for one in status.conditions if one.type == "Ready") == "no network yet"


def test_a_heartbeat_alone_is_no_news() -> None:
    first = node_status(FACTS, core.NodeStatus(), 100)
    later = node_status(FACTS, first, 200)
    assert not tells_more(later, first)
    assert {one.last_heartbeat_time.seconds for one in later.conditions} == {200}
    assert {one.last_transition_time.seconds for one in later.conditions} == {100}
    assert tells_more(node_status(replace(FACTS, problem="x"), first, 200), first)


def test_conditions_that_others_wrote_are_kept() -> None:
    before = core.NodeStatus()
    before.conditions.add(type="NetworkUnavailable", status="False")
    assert told(node_status(FACTS, before, 100))["NetworkUnavailable"] == ("False", "")


def test_images_are_listed_largest_first() -> None:
    images = [Image("a", "", ("small:1",), 10), Image("b", "", ("large:1", "large@x"), 20), Image("c", "", (), 30)]
    status = node_status(replace(FACTS, images=images), core.NodeStatus(), 100)
    assert [list(one.names) for one in status.images] == [["large:1", "large@x"], ["small:1"]]
