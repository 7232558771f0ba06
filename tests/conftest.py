"""Fixtures that more than one folder uses."""

from __future__ import annotations

import os

# Before gRPC is loaded: its fork handlers would write into the output of children that tests fork with a `preexec_fn`.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from collections.abc import AsyncIterator, Iterator

import pytest

from controlplane.client.client import Client
from tests.support.etcd import RealEtcd, running_etcd
from tests.support.server import RunningApi, running_api


@pytest.fixture(scope="session")
def etcd_process() -> Iterator[RealEtcd]:
    with running_etcd() as etcd:
        yield etcd


@pytest.fixture
async def etcd(etcd_process: RealEtcd) -> RealEtcd:
    """A real etcd without objects."""
    await etcd_process.empty()
    return etcd_process


@pytest.fixture
async def api(etcd: RealEtcd) -> AsyncIterator[RunningApi]:
    """A real API server on a real, empty etcd."""
    async with running_api(etcd) as running:
        yield running


@pytest.fixture
async def client(api: RunningApi) -> AsyncIterator[Client]:
    """An administrator's client."""
    async with api.client() as client:
        yield client
