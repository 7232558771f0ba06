"""`just bench api`: the API server against etcd itself, the limit, in the same run: same bytes, same concurrency.

The server, etcd and the clients are processes of their own and share the machine's cores. Authentication (mutual TLS),
authorization, validation, admission and turns are on; nothing is written to the audit log, as for the cluster's own parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc.aio
import uvloop

from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.client.writes import create_write
from controlplane.server import users
from controlplane.server.pki import Identity, issue
from controlplane.store.etcd import rpc_pb2 as rpc
from controlplane.store.etcd.client import Etcd
from protos.v1 import core_pb2 as core
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_container, make_pod
from tests.support.etcd import RealEtcd, free_port, running_etcd
from tests.support.waiting import eventually

CLIENTS = 16
UNARY = 4_000
BATCHED = 10_000
BATCH = 200
GETS = 8_000
WATCHERS = 500
CHANNELS = 20
EVENTS = 2_000
NESTED = 100
LOOSE = b"/bench/"


@dataclass
class Figure:
    """A value, what etcd itself does, and the latencies of single calls in milliseconds."""

    name: str
    value: float
    unit: str
    etcd: float
    times: list[float]

    def print(self) -> None:
        line: dict[str, Any] = {"name": self.name, "value": round(self.value, 1), "unit": self.unit}
        line |= {"versus": f"etcd, {self.etcd:.1f}", "ratio": round(self.value / self.etcd, 3) if self.etcd else None}
        if self.times:
            ordered = sorted(self.times)
            line |= {
                "p50_ms": round(statistics.median(ordered), 2),
                "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1], 2),
            }
        line["setting"] = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(json.dumps(line), flush=True)


def pod(name: str) -> core.Pod:
    """About 2 KB, as pods with two containers have."""
    made = make_pod(name=name)
    made.metadata.labels.update({"app": "bench", "pod-template-hash": "7d9c6f5b4"})
    made.metadata.annotations["note"] = "x" * 700
    del made.spec.containers[:]
    for container in ("web", "side"):
        one = make_container(container, image="registry.example.com/team/application:v1.2.3")
        one.env.extend(core.EnvVar(name=f"SETTING_{number}", value="some value of the usual length") for number in range(8))
        made.spec.containers.append(one)
    return made


async def together(count: int, workers: int, call: Callable[[int, int], Awaitable[object]]) -> tuple[float, list[float]]:
    """Seconds for `count` calls by so many workers, and the milliseconds of each; `call` is given worker and number."""
    numbers = iter(range(count))
    times: list[float] = []

    async def work(worker: int) -> None:
        for number in numbers:
            started = time.perf_counter()
            await call(worker, number)
            times.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(work(worker) for worker in range(workers)))
    return time.perf_counter() - started, times


@contextlib.contextmanager
def api_process(etcd: RealEtcd) -> Iterator[tuple[int, Connection]]:
    """An API server as `serve --only api` runs it: its pid, and an administrator's connection."""
    port = free_port()
    command = [
        sys.executable, "-m", "controlplane.main", "serve", "--only", "api", "--pki", str(etcd.pki.path),
        "--listen", f"127.0.0.1:{port}", "--etcd", ",".join(etcd.endpoint.addresses),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid, connection(etcd, port)
        finally:
            process.terminate()


def connection(etcd: RealEtcd, port: int) -> Connection:
    authority = etcd.pki.load("ca")
    assert authority is not None
    pair = issue(authority, Identity("bench", (users.MASTERS,)), datetime.datetime.now(datetime.UTC))
    return Connection(f"127.0.0.1:{port}", authority.certificate, pair.certificate, pair.key)


def rss_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


async def creates(clients: list[Client], etcd: Etcd) -> Figure:
    value = pod("sample").SerializeToString()

    async def bare(_worker: int, number: int) -> object:
        return await etcd.transact(put(f"unary-{number:06}", value))

    limit, _ = await together(UNARY, CLIENTS, bare)
    pods = [pod(f"unary-{number:06}") for number in range(UNARY)]
    took, times = await together(UNARY, CLIENTS, lambda worker, number: clients[worker].create(pods[number]))
    return Figure("create_unary_per_s", UNARY / took, "creates/s", UNARY / limit, times)


def put(name: str, value: bytes) -> rpc.TxnRequest:
    """A create in etcd: a put if there is no such key."""
    key, txn = LOOSE + name.encode(), rpc.TxnRequest()
    txn.compare.add(target=rpc.Compare.MOD, result=rpc.Compare.EQUAL, key=key, mod_revision=0)
    txn.success.add(request_put=rpc.PutRequest(key=key, value=value))
    return txn


async def batched_creates(clients: list[Client], etcd: Etcd) -> Figure:
    value = pod("sample").SerializeToString()

    async def bare(_worker: int, number: int) -> object:
        request = rpc.TxnRequest()
        for index in range(NESTED):
            request.success.add(request_txn=put(f"batch-{number:04}-{index:04}", value))
        return await etcd.transact(request)

    batches = [
        [create_write(pod(f"batch-{number:04}-{index:04}")) for index in range(BATCH)] for number in range(BATCHED // BATCH)
    ]

    limit, _ = await together(BATCHED // NESTED, 4, bare)
    took, times = await together(BATCHED // BATCH, 4, lambda worker, number: clients[worker].batch(batches[number]))
    return Figure("create_batched_per_s", BATCHED / took, "creates/s", BATCHED / limit, times)


async def gets(clients: list[Client], etcd: Etcd) -> Figure:
    key = LOOSE + b"unary-000000"
    _, limit = await together(GETS, CLIENTS, lambda _worker, _number: etcd.get(key))
    _, times = await together(
        GETS, CLIENTS, lambda worker, number: clients[worker].get(registry.PODS, f"unary-{number % UNARY:06}", "default")
    )
    return Figure("get_p99_ms_16_clients", percentile(times), "ms", percentile(limit), times)


def percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99) - 1]


async def lists(client: Client, etcd: Etcd) -> Figure:
    """All pages of 10,000 pods, parsed; etcd's are only received."""
    ours, limits = [], []
    for _ in range(5):
        started = time.perf_counter()
        found = await client.list(registry.PODS, "default", labels="app=bench")
        ours.append((time.perf_counter() - started) * 1000 * 10_000 / len(found.items))
        started = time.perf_counter()
        _, pairs = await etcd.list(LOOSE)
        limits.append((time.perf_counter() - started) * 1000 * 10_000 / len(pairs))
    return Figure("list_10k_pods_ms", statistics.median(ours), "ms", statistics.median(limits), ours)


async def fan_out(connection: Connection, writer: Client, etcd: Etcd) -> Figure:
    """Events written in batches while so many watchers, each a stream of its own, take all of them."""
    channels = [connection.channel() for _ in range(CHANNELS)]
    counts = [0] * WATCHERS
    opened = asyncio.Semaphore(0)
    request = wire.WatchRequest(resource="configmaps", namespace="").SerializeToString()

    async def watch(number: int) -> None:
        method = channels[number % CHANNELS].unary_stream("/orlop.v1.Resources/Watch")
        call: Any = method(request)
        await call.initial_metadata()
        opened.release()
        async for chunk in call:
            counts[number] += frames(chunk)

    watchers = [asyncio.get_running_loop().create_task(watch(number)) for number in range(WATCHERS)]
    for _ in range(WATCHERS):
        await opened.acquire()
    started = time.perf_counter()
    for start in range(0, EVENTS, BATCH):
        await writer.batch([create_write(config(f"event-{start + index:05}")) for index in range(BATCH)])

    def arrived() -> bool:
        assert sum(counts) >= EVENTS * WATCHERS, f"{sum(counts)} of {EVENTS * WATCHERS}"
        return True

    await eventually(arrived, within=120)
    took = time.perf_counter() - started
    for task in watchers:
        task.cancel()
    await asyncio.wait(watchers)
    for channel in channels:
        await channel.close()
    return Figure("watch_fanout_500_per_s", sum(counts) / took, "deliveries/s", await etcd_fan_out(etcd), [])


async def etcd_fan_out(etcd: Etcd) -> float:
    """The same by etcd: each watcher a watch on the keys that are written."""
    value, per_watcher, watchers = config("event").SerializeToString(), EVENTS // 10, 50
    counts = [0] * watchers
    revision = await etcd.revision()

    async def watch(number: int) -> None:
        async for batch in etcd.watch(LOOSE + b"fan/", start_revision=revision + 1).batches():
            counts[number] += len(batch.events)

    tasks = [asyncio.get_running_loop().create_task(watch(number)) for number in range(watchers)]
    started = time.perf_counter()
    for start in range(0, per_watcher, NESTED):
        request = rpc.TxnRequest()
        for index in range(NESTED):
            request.success.add(request_txn=put(f"fan/{start + index:05}", value))
        await etcd.transact(request)

    def arrived() -> bool:
        assert sum(counts) >= per_watcher * watchers, f"{sum(counts)} of {per_watcher * watchers}"
        return True

    await eventually(arrived, within=120)
    took = time.perf_counter() - started
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return sum(counts) / took


def config(name: str) -> core.ConfigMap:
    made = core.ConfigMap(data={"value": "x" * 1500})
    made.metadata.name, made.metadata.namespace = name, "default"
    return made


def frames(chunk: bytes) -> int:
    """How many events an encoded WatchResponse holds."""
    count = position = 0
    while position < len(chunk):
        position += 1
        size = shift = 0
        while True:
            byte = chunk[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        position += size
        count += 1
    return count


async def measure(api: RealEtcd, pid: int, link: Connection) -> None:
    etcd = Etcd(api.endpoint)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(link)) for _ in range(CLIENTS)]

        async def answers() -> bool:
            try:
                return bool((await clients[0].list(registry.NAMESPACES)).items)
            except errors.Unavailable as error:
                raise AssertionError(str(error)) from error

        await eventually(answers, within=30)
        empty, etcd_empty = rss_mib(pid), rss_mib(api.process.pid)
        batched = await batched_creates(clients, etcd)
        grown, etcd_grown = rss_mib(pid) - empty, rss_mib(api.process.pid) - etcd_empty
        memory = Figure("rss_mib_per_10k_pods", grown * 10_000 / BATCHED, "MiB", etcd_grown, [])
        figures = [
            await creates(clients, etcd), batched, await gets(clients, etcd), await lists(clients[0], etcd),
            await fan_out(link, clients[0], etcd), memory,
        ]  # fmt: skip
    await etcd.close()
    for figure in figures:
        figure.print()


def main() -> None:
    grpc.aio.init_grpc_aio()
    with running_etcd() as etcd, api_process(etcd) as (pid, link):
        uvloop.run(measure(etcd, pid, link))


if __name__ == "__main__":
    main()
