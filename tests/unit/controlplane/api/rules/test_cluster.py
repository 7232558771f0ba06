"""Rules for Namespaces, Nodes, Leases and Events, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import EVENTS, LEASES, NAMESPACES, NODES, Kind
from tests.unit.controlplane.api.rules.documents import problems, update

CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


@pytest.mark.parametrize(
    ("kind", "doc", "found"),
    [
        (NODES, {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "fd00::/64"],
                          "taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]}}, []),
        (NODES, {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.1.0.0/24"]}},
         ['spec.podCIDRs: Invalid value: ["10.1.0.0/24"]: first value must match `podCIDR`']),
        (NODES, {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]}},
         ['spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP '
          "family"]),
        (NODES, {"spec": {"podCIDR": "x", "podCIDRs": ["x"]}},
         [f'spec.podCIDRs[0]: Invalid value: "x": {CIDR}', f'spec.podCIDR: Invalid value: "x": {CIDR}']),
        (NODES, {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}] * 2}},
         ['spec.taints[1]: Duplicate value: "a:NoSchedule"']),
        (NODES, {"status": {"capacity": {"cpu": "-1"}}},
         [f'status.{field}[cpu]: Invalid value: "-1": must be greater than or equal to 0'
          for field in ("capacity", "allocatable")]),
        (NAMESPACES, {"spec": {"finalizers": ["mine"]}},
         ['spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified; '
          "put a domain before it"]),
        (LEASES, {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}},
         ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
          "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"]),
        (EVENTS, {"involvedObject": {"namespace": "other"}},
         ['involvedObject.namespace: Invalid value: "other": does not match event.namespace']),
    ],
)  # fmt: skip
def test_the_rules_of_the_clusters_own_kinds(kind: Kind[Any], doc: dict[str, Any], found: list[str]) -> None:
    assert problems(kind, doc) == found


def test_what_a_node_was_given_stands() -> None:
    old = {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"], "providerID": "a://1"}}
    new = {"spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "providerID": "a://2", "unschedulable": True}}
    assert update(NODES, {}, old) == []
    assert update(NODES, old, new) == [
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
        'spec.podCIDR: Forbidden: node updates may not change podCIDR except from "" to valid',
    ]
