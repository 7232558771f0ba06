"""A Node object as its agent fills it in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controlplane.api import times
from controlplane.api.objects import set_condition
from dataplane.agent.machine import Machine, Pressure
from dataplane.runtime.types import Image
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

AGENT_VERSION = "v0.1.0"
PODS = 110
_MOST_IMAGES = 50
_NO_PRESSURE = Pressure(memory=False, disk=False, pids=False)
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """`problem` is why the node is not ready, empty if it is. `hostname` is the name in the agent's certificate, if that is
    not the node's own."""

    name: str
    ip: str
    port: int
    machine: Machine
    runtime_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    pressure: Pressure = _NO_PRESSURE
    images: Sequence[Image] = ()
    problem: str = ""
    pods: int = PODS
    hostname: str = ""


def node_labels(facts: Facts) -> dict[str, str]:
    return {
        "kubernetes.io/hostname": facts.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": facts.machine.architecture,
        **facts.labels,
    }


def new_node(facts: Facts, now: float) -> core.Node:
    node = core.Node(metadata=meta.ObjectMeta(name=facts.name, labels=node_labels(facts)))
    node.status.CopyFrom(node_status(facts, core.NodeStatus(), now))
    return node


def capacity(machine: Machine) -> dict[str, int]:
    return {"cpu": machine.cpus, "memory": machine.memory_bytes, "ephemeral-storage": machine.disk_bytes}


def node_status(facts: Facts, before: core.NodeStatus, now: float) -> core.NodeStatus:
    """The status now. What others wrote into `before`, and when its conditions changed, is kept."""
    status = core.NodeStatus(
        conditions=before.conditions,
        addresses=[
            core.NodeAddress(type="InternalIP", address=facts.ip),
            core.NodeAddress(type="Hostname", address=facts.hostname or facts.name),
        ],
        volumes_in_use=before.volumes_in_use,
        volumes_attached=before.volumes_attached,
    )
    for amounts in (status.capacity, status.allocatable):
        amounts["cpu"].string = str(facts.machine.cpus)
        amounts["memory"].string = f"{facts.machine.memory_bytes // 1024}Ki"
        amounts["ephemeral-storage"].string = f"{facts.machine.disk_bytes // 1024}Ki"
        amounts["pods"].string = str(facts.pods)
    status.daemon_endpoints.kubelet_endpoint.port = facts.port
    status.node_info.CopyFrom(_info(facts))
    largest = sorted(facts.images, key=lambda image: (-image.size_bytes, image.id))[:_MOST_IMAGES]
    status.images.extend(
        core.ContainerImage(names=image.names[:_MOST_NAMES], size_bytes=image.size_bytes) for image in largest if image.names
    )
    for condition in _conditions(facts):
        condition.last_heartbeat_time.CopyFrom(times.to_time(now))
        condition.last_transition_time.CopyFrom(times.to_time(now))
        set_condition(status.conditions, condition)
    return status


def tells_more(new: core.NodeStatus, old: core.NodeStatus) -> bool:
    """Whether anything but the heartbeats differs."""
    left, right = core.NodeStatus(), core.NodeStatus()
    for copy, status in ((left, new), (right, old)):
        copy.CopyFrom(status)
        for condition in copy.conditions:
            condition.ClearField("last_heartbeat_time")
    return left != right


def _info(facts: Facts) -> core.NodeSystemInfo:
    machine = facts.machine
    return core.NodeSystemInfo(
        machine_id=machine.machine_id,
        system_uuid=machine.system_uuid,
        boot_id=machine.boot_id,
        kernel_version=machine.kernel,
        os_image=machine.os_image,
        container_runtime_version=facts.runtime_version,
        kubelet_version=AGENT_VERSION,
        operating_system="linux",
        architecture=machine.architecture,
    )


def _conditions(facts: Facts) -> list[core.NodeCondition]:
    return [
        _pressure("MemoryPressure", facts.pressure.memory, "Memory", "memory available"),
        _pressure("DiskPressure", facts.pressure.disk, "Disk", "disk pressure"),
        _pressure("PIDPressure", facts.pressure.pids, "PID", "PID available"),
        core.NodeCondition(type="Ready", status="False", reason="KubeletNotReady", message=facts.problem)
        if facts.problem
        else core.NodeCondition(
            type="Ready", status="True", reason="KubeletReady", message="kubelet is posting ready status"),
    ]  # fmt: skip


def _pressure(name: str, pressed: bool, what: str, about: str) -> core.NodeCondition:
    if pressed:
        reason = "KubeletHas" + ("DiskPressure" if what == "Disk" else f"Insufficient{what}")
        message = "kubelet has " + (about if what == "Disk" else f"insufficient {about}")
        return core.NodeCondition(type=name, status="True", reason=reason, message=message)
    reason = "KubeletHas" + ("NoDiskPressure" if what == "Disk" else f"Sufficient{what}")
    message = "kubelet has " + (f"no {about}" if what == "Disk" else f"sufficient {about}")
    return core.NodeCondition(type=name, status="False", reason=reason, message=message)
