"""An object told in full, with what belongs to it: `describe(kind, obj, Related(...), now)`.

Who calls gathers the related objects; what is missing from `Related` is left out of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.printers import describe_config, describe_node, describe_pod, describe_service, describe_workload, generic
from console.printers.related import Related
from controlplane.api import registry
from controlplane.api.objects import T
from controlplane.api.registry import Kind

__all__ = ["Related", "describe"]

_DESCRIBERS: dict[str, Callable[[Any, Related, float], str]] = {
    registry.NAMESPACES.resource: describe_config.namespace,
    registry.NODES.resource: describe_node.node,
    registry.PODS.resource: describe_pod.pod,
    registry.SERVICES.resource: describe_service.service,
    registry.ENDPOINTS.resource: describe_service.endpoints,
    registry.ENDPOINT_SLICES.resource: describe_service.endpoint_slice,
    registry.CONFIG_MAPS.resource: describe_config.config_map,
    registry.SECRETS.resource: describe_config.secret,
    registry.DEPLOYMENTS.resource: describe_workload.deployment,
    registry.REPLICA_SETS.resource: describe_workload.replica_set,
}


def describe(kind: Kind[T], obj: T, related: Related, now: float) -> str:
    """Several lines, the last one ended."""
    describer = _DESCRIBERS.get(kind.resource)
    if describer is None:
        return generic.describe(kind, obj, related, now)
    return describer(obj, related, now)
