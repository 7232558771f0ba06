"""A real etcd for tests: one process for a whole run, on loopback with TLS, emptied before each test."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
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
    return directory


@contextlib.contextmanager
def running_etcd() -> Iterator[RealEtcd]:
    home = Path(tempfile.mkdtemp(prefix="orlop-test-etcd-"))
    pki = make_pki(home / "pki")
    port, peer = free_port(), free_port()
    url, peer_url = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    certificates = [
        f"--cert-file={pki.path}/etcd.crt", f"--key-file={pki.path}/etcd.key",
        f"--trusted-ca-file={pki.path}/ca.crt", "--client-cert-auth",
    ]  # fmt: skip
    command = [
        "etcd", "--name=test", f"--data-dir={home}/data", f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=test={peer_url}", *certificates,
    ]  # fmt: skip
    own, authority = pki.load("apiserver"), pki.load("ca")
    assert own is not None
    assert authority is not None
    endpoint = Endpoint((f"127.0.0.1:{port}",), authority.certificate, own.certificate, own.key)
    etcd = RealEtcd(endpoint, pki, command, start(command))
    try:
        eventually_sync(lambda: _listens(port), within=20)
        yield etcd
    finally:
        etcd.kill()
        shutil.rmtree(home, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
