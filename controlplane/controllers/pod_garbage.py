"""Pods whose node is gone for good: no agent will ever end them, so they are removed at once."""

from __future__ import annotations

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.controllers.plan import NOTHING, Absent, Delete, Plan, plan_of
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core


def plan_lost_pod(pod: core.Pod, view: View, _now: float) -> Plan:
    node = pod.spec.node_name
    if not node or view.get(registry.NODES, node) is not None:
        return NOTHING
    return plan_of(Delete(pod, grace_seconds=0, guards=(Absent(registry.NODES, Key("", node)),)))
