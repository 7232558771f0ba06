"""Removing a node's containers without its agent."""

from __future__ import annotations

from typing import Any

from docker import APIClient
from docker import errors as docker_errors

from dataplane.runtime import labels
from dataplane.runtime.engine import API_VERSION
from dataplane.runtime.types import RuntimeFailure


def remove_containers(url: str, node: str) -> int:
    """Blocking; the number of containers removed. Those of a pod go before its sandbox."""
    client: Any = APIClient(base_url=url, version=API_VERSION, timeout=120)
    try:
        found = client.containers(all=True, filters={"label": labels.filters(node)})
        for one in sorted(found, key=lambda one: bool(one["Labels"].get(labels.ROLE) == labels.ROLE_SANDBOX)):
            try:
                client.remove_container(one["Id"], force=True, v=True)
            except docker_errors.NotFound:
                continue
        return len(found)
    except docker_errors.DockerException as error:
        raise RuntimeFailure(f"containers of node {node} not removed: {error}") from error
    finally:
        client.close()


def nodes_with_containers(url: str) -> set[str]:
    """Blocking; the nodes that have containers on this engine, running or not."""
    client: Any = APIClient(base_url=url, version=API_VERSION, timeout=60)
    try:
        found = client.containers(all=True, filters={"label": [labels.OURS]})
        return {one["Labels"][labels.NODE] for one in found if labels.NODE in one["Labels"]}
    except docker_errors.DockerException as error:
        raise RuntimeFailure(f"containers not listed: {error}; is Docker's daemon running?") from error
    finally:
        client.close()
