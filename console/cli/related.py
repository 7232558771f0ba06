"""Gathers what a description draws on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from console.printers.related import Related
from controlplane.api import errors, registry
from controlplane.api.labels import from_label_selector
from controlplane.api.objects import ApiObject, controller_of
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

_LEASES = "kube-node-lease"
_SERVICE_NAME = "kubernetes.io/service-name"


async def gather(client: Client, kind: Kind[Any], obj: ApiObject, *, events: bool = True) -> Related:
    """Everything `describe` can use for this object."""
    found, pods, replica_sets, slices, lease = await asyncio.gather(
        _events(client, kind, obj) if events else _nothing(),
        _pods(client, obj),
        _replica_sets(client, obj),
        _slices(client, obj),
        _lease(client, obj),
    )
    return Related(events=found, pods=pods, replica_sets=replica_sets, endpoint_slices=slices, lease=lease)


async def _nothing() -> Sequence[core.Event]:
    return ()


async def _events(client: Client, kind: Kind[Any], obj: ApiObject) -> Sequence[core.Event]:
    """By uid, so that an earlier object of the same name is left out; nodes are named by some reporters only."""
    about = [f"involvedObject.kind={kind.name}", f"involvedObject.name={obj.metadata.name}"]
    if kind.namespaced:
        about.append(f"involvedObject.uid={obj.metadata.uid}")
    return (await client.list(registry.EVENTS, obj.metadata.namespace, fields=",".join(about))).items


async def _pods(client: Client, obj: ApiObject) -> Sequence[core.Pod]:
    if isinstance(obj, core.Node):
        return (await client.list(registry.PODS, fields=f"spec.nodeName={obj.metadata.name}")).items
    if not isinstance(obj, apps.ReplicaSet):
        return ()
    labels = str(from_label_selector(obj.spec.selector))
    listed = await client.list(registry.PODS, obj.metadata.namespace, labels=labels)
    return [pod for pod in listed.items if (owner := controller_of(pod)) and owner.uid == obj.metadata.uid]


async def _replica_sets(client: Client, obj: ApiObject) -> Sequence[apps.ReplicaSet]:
    from controlplane.client.workloads import replica_sets_of

    return await replica_sets_of(client, obj) if isinstance(obj, apps.Deployment) else ()


async def _slices(client: Client, obj: ApiObject) -> Sequence[discovery.EndpointSlice]:
    if not isinstance(obj, core.Service):
        return ()
    labels = f"{_SERVICE_NAME}={obj.metadata.name}"
    return (await client.list(registry.ENDPOINT_SLICES, obj.metadata.namespace, labels=labels)).items


async def _lease(client: Client, obj: ApiObject) -> coordination.Lease | None:
    if not isinstance(obj, core.Node):
        return None
    try:
        return await client.get(registry.LEASES, obj.metadata.name, _LEASES)
    except errors.NotFound:
        return None
