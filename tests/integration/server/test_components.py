"""How the control plane is, measured."""

from __future__ import annotations

import time

import pytest

from controlplane.api import errors, registry, times
from controlplane.client.client import Client
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core


def state(status: core.ComponentStatus) -> tuple[str, str]:
    (condition,) = status.conditions
    return condition.status, condition.message or condition.error


def lease(name: str, holder: str, age: float) -> coordination.Lease:
    made = coordination.Lease()
    made.metadata.name, made.metadata.namespace = name, "kube-system"
    made.spec.holder_identity = holder
    made.spec.lease_duration_seconds = 15
    made.spec.renew_time.CopyFrom(times.to_micro_time(time.time() - age))
    return made


async def test_etcd_answers_for_itself(client: Client) -> None:
    assert state(await client.get(registry.COMPONENT_STATUSES, "etcd-0")) == ("True", '{"health":"true"}')


async def test_a_part_without_a_lease_is_not_healthy(client: Client) -> None:
    listed = await client.list(registry.COMPONENT_STATUSES)
    assert [status.metadata.name for status in listed.items] == ["controller-manager", "etcd-0", "scheduler"]
    health, why = state(listed.items[0])
    assert health == "False"
    assert "nobody has taken the lease kube-system/kube-controller-manager" in why


async def test_a_part_is_as_healthy_as_its_lease_is_fresh(client: Client) -> None:
    await client.create(lease("kube-scheduler", "a", 1))
    await client.create(lease("kube-controller-manager", "b", 60))
    assert state(await client.get(registry.COMPONENT_STATUSES, "scheduler")) == ("True", "ok")
    health, why = state(await client.get(registry.COMPONENT_STATUSES, "controller-manager"))
    assert health == "False"
    assert why.startswith("b has not renewed its lease for 6")


async def test_other_names_and_writes_are_refused(client: Client) -> None:
    with pytest.raises(errors.NotFound, match='componentstatuses "kubelet" not found'):
        await client.get(registry.COMPONENT_STATUSES, "kubelet")
    made = core.ComponentStatus()
    made.metadata.name = "x"
    with pytest.raises(errors.MethodNotAllowed, match="does not support create"):
        await client.create(made)
