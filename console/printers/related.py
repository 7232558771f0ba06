"""What a description draws on besides the object itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery


@dataclass(frozen=True, slots=True)
class Related:
    """`events` on the object (`involvedObject.uid`). `pods`: a node's, or a replica set's own. `replica_sets`: those that a
    deployment owns. `endpoint_slices`: a service's. `lease`: a node's, from the namespace kube-node-lease."""

    events: Sequence[core.Event] = ()
    pods: Sequence[core.Pod] = ()
    replica_sets: Sequence[apps.ReplicaSet] = ()
    endpoint_slices: Sequence[discovery.EndpointSlice] = ()
    lease: coordination.Lease | None = None
