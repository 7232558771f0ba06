"""The API server in the test's own process, on a real etcd, reached over real TLS and gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.server import users
from controlplane.server.app import ApiServer, Settings
from controlplane.server.authn.settings import TokenSettings
from controlplane.server.pki import Identity, issue
from controlplane.server.sources import Sources
from tests.support.etcd import RealEtcd

ADMIN = Identity("admin", (users.MASTERS,))


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Runs `work` beside the test; a failure of it surfaces at the end."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@dataclass
class RunningApi:
    server: ApiServer
    etcd: RealEtcd
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """Ends the server before the test does."""
        self.task.cancel()
        await asyncio.wait({self.task})

    def connection(self, who: Identity = ADMIN) -> Connection:
        authority = self.etcd.pki.load("ca")
        assert authority is not None
        pair = issue(authority, who, datetime.datetime.now(datetime.UTC))
        return Connection(f"127.0.0.1:{self.server.port}", authority.certificate, pair.certificate, pair.key)

    def client(self, who: Identity = ADMIN) -> Client:
        return Client(self.connection(who))

    def token_connection(self, token: str) -> Connection:
        """The way in for who has a token and no certificate."""
        authority = self.etcd.pki.load("ca")
        assert authority is not None
        return Connection(f"127.0.0.1:{self.server.token_port}", authority.certificate, token=token)

    def token_client(self, token: str) -> Client:
        return Client(self.token_connection(token))


@contextlib.asynccontextmanager
async def running_api(
    etcd: RealEtcd, *, listen: str = "127.0.0.1:0", sources: Sources | None = None, **settings: Any
) -> AsyncIterator[RunningApi]:
    authority, own = etcd.pki.load("ca"), etcd.pki.load("apiserver")
    assert authority is not None
    assert own is not None
    settings.setdefault("tokens", TokenSettings(etcd.pki.ensure_token_key()))
    settings.setdefault("listen_tokens", "127.0.0.1:0")
    chosen = Settings(listen=listen, etcd=etcd.endpoint, ca=authority.certificate, identity=own, **settings)
    server = ApiServer(chosen, sources)
    async with running(server.run(), "api-server") as task:
        ready = asyncio.get_running_loop().create_task(server.ready())
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        if not ready.done():
            ready.cancel()
            await task
        yield RunningApi(server, etcd, task)
