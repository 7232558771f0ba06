"""Makes a deployment, follows its pods with an informer until all of them run, scales it, and cleans up.

python docs/examples/follow_pods.py [KUBECONFIG]
"""

from __future__ import annotations

import asyncio
import sys

from console.kubeconfig import load
from controlplane.api import errors, registry
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

LABELS = {"app": "example"}


def deployment() -> apps.Deployment:
    made = apps.Deployment()
    made.metadata.name, made.metadata.namespace = "example", "default"
    made.spec.replicas = 2
    made.spec.selector.match_labels.update(LABELS)
    made.spec.template.metadata.labels.update(LABELS)
    made.spec.template.spec.containers.add(name="web", image="nginx:1.27")
    return made


async def follow(client: Client) -> None:
    try:
        stored = await client.create(deployment())
    except errors.AlreadyExists as error:
        raise SystemExit(f"{error}; delete it first") from error
    print(f"{stored.metadata.name} has uid {stored.metadata.uid}")

    pods: Informer[core.Pod] = Informer(client, registry.PODS, namespace="default", labels="app=example")
    running = asyncio.Event()

    def seen(old: core.Pod | None, new: core.Pod | None) -> None:
        """Called for every pod there is, then for every change."""
        if new is None and old is not None:
            print(f"{old.metadata.name} is gone")
        elif new is not None and (old is None or old.status.phase != new.status.phase):
            print(f"{new.metadata.name} is {new.status.phase}")
        if sum(pod.status.phase == "Running" for pod in pods) == 2:
            running.set()

    pods.subscribe(seen)
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(pods.run())
        await running.wait()
        await client.patch(registry.DEPLOYMENTS, "example", "default", {"spec": {"replicas": 1}})
        await client.delete(registry.DEPLOYMENTS, "example", "default")
        following.cancel()
    print("done")


async def main(kubeconfig: str) -> None:
    async with Client(load(kubeconfig).connection()) as client:
        await follow(client)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
