from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controlplane.api import errors
from controlplane.client.client import Client
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.integration.agent.harness import NODE_PREFIX, Node, new_node, root_ca
from tests.support.docker import busybox, remove_node, sweep
from tests.support.server import RunningApi

__all__ = ["busybox"]


@pytest.fixture(scope="session")
def _swept() -> None:
    sweep(NODE_PREFIX)


@pytest.fixture
async def node(_swept: None, busybox: str, api: RunningApi, client: Client, tmp_path: Path) -> AsyncIterator[Node]:
    """A node without an agent yet; nothing of it is left on the machine afterwards."""
    for name in ("default", "kube-node-lease"):
        try:
            await client.create(core.Namespace(metadata=meta.ObjectMeta(name=name)))
        except errors.AlreadyExists:
            continue
    await client.create(root_ca(api))
    one = new_node(api, client, tmp_path / "state")
    try:
        yield one
    finally:
        remove_node(one.name)
