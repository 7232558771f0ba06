"""Descriptions, against files that somebody has looked at."""

from __future__ import annotations

from typing import Any

import pytest

from console.printers.describe import Related, describe
from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from tests.console import goldens, samples


def cases() -> list[tuple[str, Kind[Any], ApiObject, Related]]:
    pods = [samples.full_pod(), samples.full_pod(), samples.pod("done", "Succeeded")]
    slices = samples.endpoint_slices()
    lease = samples.leases()[0]
    sets = samples.replica_sets()
    deployment = samples.deployments()[1]
    deployment.status.conditions.add(type="Available", status="True", reason="MinimumReplicasAvailable")
    deployment.status.conditions.add(type="Progressing", status="True", reason="ReplicaSetUpdated")
    sets[0].spec.template.CopyFrom(deployment.spec.template)
    ending = samples.terminating(samples.pod("ending"))
    tainted = samples.node("node-3", unschedulable=True)
    tainted.spec.taints.add(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
    tainted.spec.taints.add(key="gpu", value="yes", effect="NoExecute")
    return [
        ("pod", registry.PODS, samples.full_pod(), Related(events=samples.events()[:3])),
        ("pod-terminating", registry.PODS, ending, Related()),
        ("node", registry.NODES, samples.nodes()[0], Related(pods=pods, lease=lease, events=samples.events()[3:])),
        ("node-tainted", registry.NODES, tainted, Related()),
        ("deployment", registry.DEPLOYMENTS, deployment, Related(replica_sets=sets)),
        ("replicaset", registry.REPLICA_SETS, samples.replica_sets()[0], Related(pods=pods)),
        ("service", registry.SERVICES, samples.services()[0], Related(endpoint_slices=slices)),
        ("service-nodeport", registry.SERVICES, samples.services()[1], Related()),
        ("endpoints", registry.ENDPOINTS, samples.endpoints()[0], Related()),
        ("endpointslice", registry.ENDPOINT_SLICES, slices[0], Related()),
        ("configmap", registry.CONFIG_MAPS, samples.config_maps()[0], Related()),
        ("secret", registry.SECRETS, samples.secrets()[0], Related()),
        ("namespace", registry.NAMESPACES, samples.namespaces()[0], Related()),
        ("lease", registry.LEASES, lease, Related()),
        ("event", registry.EVENTS, samples.events()[2], Related()),
    ]


@pytest.mark.parametrize(("name", "kind", "obj", "related"), cases(), ids=[case[0] for case in cases()])
def test_an_object_is_described_as_kubectl_does(name: str, kind: Kind[Any], obj: ApiObject, related: Related) -> None:
    goldens.check(f"describe-{name}", describe(kind, obj, related, samples.NOW))


def test_a_secret_is_described_without_its_values() -> None:
    told = describe(registry.SECRETS, samples.secrets()[0], Related(), samples.NOW)
    assert "hunter2" not in told
    assert "7 bytes" in told
