"""`just bench start`: how long a cluster takes to come up, and a pod to run; one JSON object a line.

`create_to_running_ms` is from the API's answer to a create until a watch shows the pod Running; its peer is `docker run` of
the same image, in turn with it. `up_to_ready_s` is the whole command from its first instant to a Ready node.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from console.kubeconfig import load
from controlplane.api import registry
from controlplane.client.client import Client
from controlplane.client.writes import delete_options
from tests.e2e.cluster import Cluster, make_httpd_image, run, since
from tests.support.builders import make_container, make_pod

ROUNDS = 10
STARTS = 3


def figure(name: str, value: float, unit: str, *, rounds: int, versus: str = "", peer: float = 0.0) -> None:
    line = {"name": name, "value": round(value, 3), "unit": unit}
    if versus:
        line |= {"versus": versus, "ratio": round(value / peer, 2)}
    line["setting"] = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of {rounds}"
    print(json.dumps(line), flush=True)


async def running_after(client: Client, image: str, number: int) -> float:
    """Milliseconds from the create to Running."""
    pod = make_pod(name=f"bench-{number}")
    pod.spec.containers[0].CopyFrom(make_container("web", image=image))
    listed = await client.list(registry.PODS, "default")
    started = time.monotonic()
    await client.create(pod)
    async with asyncio.timeout(60):
        async for batch in client.watch(registry.PODS, "default", resource_version=listed.resource_version):
            if any(
                c.object and c.object.metadata.name == pod.metadata.name and c.object.status.phase == "Running"
                for c in batch
            ):
                break
    took = since(started) * 1000
    await client.delete(registry.PODS, pod.metadata.name, "default", options=delete_options(grace_seconds=0))
    return took


def docker_run(image: str) -> float:
    """Milliseconds of a bare `docker run -d`."""
    started = time.monotonic()
    container = run(["docker", "run", "-d", "--network", "none", image]).strip()
    took = since(started) * 1000
    run(["docker", "rm", "-f", container])
    return took


async def pods(cluster: Cluster, image: str) -> None:
    ours, peers = [], []
    async with Client(load(cluster.env["KUBECONFIG"]).connection()) as client:
        for number in range(ROUNDS):
            ours.append(await running_after(client, image, number))
            peers.append(await asyncio.to_thread(docker_run, image))
    peer = statistics.median(peers)
    figure(
        "create_to_running_ms", statistics.median(ours), "ms", rounds=ROUNDS, versus=f"docker run, {peer:.0f} ms", peer=peer
    )


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="orlop-bench-"))
    cluster = Cluster(folder / "home", nodes=1)
    image = make_httpd_image("v1")
    times = []
    try:
        for _ in range(STARTS):
            started = time.monotonic()
            cluster.up()
            times.append(since(started))
            if len(times) < STARTS:
                cluster.down()
        figure("up_to_ready_s", statistics.median(times), "s", rounds=STARTS)
        asyncio.run(pods(cluster, image))
    except subprocess.TimeoutExpired as error:
        print(error)
    finally:
        cluster.attempt("down", timeout=180)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["docker", "rmi", "-f", image], check=False, capture_output=True)


if __name__ == "__main__":
    main()
