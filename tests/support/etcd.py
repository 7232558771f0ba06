"""A real etcd for tests: one process for a whole run, on loopback with TLS, emptied before each test."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controlplane.server.pki import Directory, Identity
from controlplane.store.endpoint import Endpoint
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd, UnavailableError, prefix_end
from tests.support.waiting import eventually, eventually_sync

ROOT = b"/orlop/"


@dataclass
class RealEtcd:
    """`endpoint` is how to reach it; `pki` holds the certificates of the cluster it belongs to."""

    endpoint: Endpoint
    pki: Directory
    command: list[str]
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.process = start(self.command)

    async def empty(self) -> None:
        etcd = Etcd(self.endpoint)
        try:
            request = rpc.TxnRequest()
            request.success.add(request_delete_range=rpc.DeleteRangeRequest(key=ROOT, range_end=prefix_end(ROOT)))

            async def emptied() -> bool:
                try:
                    await etcd.transact(request)
                except UnavailableError as error:
                    raise AssertionError(str(error)) from error
                return True

            await eventually(emptied, within=20)
        finally:
            await etcd.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_pki(path: Path) -> Directory:
    directory, now = Directory(path), datetime.datetime.now(datetime.UTC)
    directory.ensure("apiserver", Identity("kube-apiserver", (), ("kubernetes", "localhost", "127.0.0.1")), now)
    directory.ensure("etcd", Identity("etcd", (), ("localhost", "127.0.0.1")), now)
    directory.ensure_token_key()
    return directory


@contextlib.contextmanager
def running_etcd() -> Iterator[RealEtcd]:
    with running_cluster(1) as members:
        yield members[0]


@contextlib.contextmanager
def running_cluster(count: int) -> Iterator[list[RealEtcd]]:
    """The members of one etcd cluster. Each `endpoint` has the addresses of all, its own first."""
    home = Path(tempfile.mkdtemp(prefix="orlop-test-etcd-"))
    pki = make_pki(home / "pki")
    own, authority = pki.load("apiserver"), pki.load("ca")
    assert own is not None
    assert authority is not None
    ports, peers = [free_port() for _ in range(count)], [f"http://127.0.0.1:{free_port()}" for _ in range(count)]
    cluster = ",".join(f"test-{number}={peer}" for number, peer in enumerate(peers))
    members = []
    try:
        for number, (port, peer) in enumerate(zip(ports, peers, strict=True)):
            addresses = tuple(f"127.0.0.1:{each}" for each in [port, *(other for other in ports if other != port)])
            endpoint = Endpoint(addresses, authority.certificate, own.certificate, own.key)
            command = _command(f"test-{number}", home, pki, port=port, peer=peer, cluster=cluster)
            members.append(RealEtcd(endpoint, pki, command, start(command)))
        for port in ports:
            eventually_sync(lambda port=port: _listens(port), within=20)  # type: ignore[misc]
        yield members
    finally:
        for member in members:
            member.kill()
        shutil.rmtree(home, ignore_errors=True)


def _command(name: str, home: Path, pki: Directory, *, port: int, peer: str, cluster: str) -> list[str]:
    url = f"https://127.0.0.1:{port}"
    return [
        "etcd", f"--name={name}", f"--data-dir={home}/{name}", f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={cluster}", f"--cert-file={pki.path}/etcd.crt", f"--key-file={pki.path}/etcd.key",
        f"--trusted-ca-file={pki.path}/ca.crt", "--client-cert-auth",
    ]  # fmt: skip


async def leader_of(members: Sequence[RealEtcd]) -> int:
    """The index of the member that leads."""

    async def found() -> int:
        for number, member in enumerate(members):
            alone = Etcd(replace(member.endpoint, addresses=member.endpoint.addresses[:1]))
            try:
                status = await alone.status()
            except UnavailableError:
                continue
            finally:
                await alone.close()
            if status.leader and status.leader == status.header.member_id:
                return number + 1
        raise AssertionError("no member leads")

    return await eventually(found, within=30) - 1


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
