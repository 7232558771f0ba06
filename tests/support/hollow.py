"""Nodes without machines: they register, renew leases, and claim that pods run. For tests of the control plane alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

from controlplane.api import errors, objects, registry, times
from controlplane.api.objects import copy_of
from controlplane.client.client import Client
from controlplane.client.informer import Informer
from controlplane.client.queue import WorkQueue
from controlplane.client.writes import delete_options
from protos.v1 import core_pb2 as core
from tests.support.builders import make_lease, make_node, set_ready

_RENEW_SECONDS = 0.2


class HollowNodes:
    """`silent` holds the nodes that are cut off: neither their leases nor their pods move."""

    def __init__(self, client: Client, names: Iterable[str], *, cpu: str = "4") -> None:
        self.silent: set[str] = set()
        self.registered = asyncio.Event()
        self._client, self._names, self._cpu = client, list(names), cpu
        self._pods = Informer(client, registry.PODS)
        self._queue: WorkQueue[objects.Key] = WorkQueue()
        self._addresses = 0

    async def run(self) -> None:
        for name in self._names:
            await self._client.create(make_node(name, cpu=self._cpu))
            await self._client.create(make_lease(name, renewed=time.time()))
        self.registered.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pods.run(), name="hollow-pods")
            tasks.create_task(self._renew_forever(), name="hollow-leases")
            self._pods.subscribe(lambda old, new: self._queue.add(objects.key_of(new or old)))
            while True:
                await self._work(await self._queue.get())

    def wake(self, name: str) -> None:
        """The node is back."""
        self.silent.discard(name)
        for pod in self._pods:
            self._queue.add(objects.key_of(pod))

    async def _work(self, key: objects.Key) -> None:
        pod = self._pods.get(key.name, key.namespace)
        try:
            if pod is not None and pod.spec.node_name in self._names and pod.spec.node_name not in self.silent:
                await self._serve(pod)
            self._queue.done(key)
        except errors.StatusError:
            self._queue.retry(key)

    async def _serve(self, pod: core.Pod) -> None:
        if objects.is_terminating(pod):
            options = delete_options(grace_seconds=0, uid=pod.metadata.uid)
            await self._client.delete(registry.PODS, pod.metadata.name, pod.metadata.namespace, options=options)
        elif not objects.condition_is(pod.status.conditions, "Ready"):
            fresh = copy_of(pod)
            set_ready(fresh, since=time.time())
            fresh.status.pod_ip = pod.status.pod_ip or self._next_address()
            await self._client.update_status(fresh)

    def _next_address(self) -> str:
        self._addresses += 1
        return f"10.244.{self._addresses // 250}.{self._addresses % 250 + 1}"

    async def _renew_forever(self) -> None:
        while True:
            for name in self._names:
                if name not in self.silent:
                    with contextlib.suppress(errors.StatusError):
                        await self._renew(name)
            await asyncio.sleep(_RENEW_SECONDS)

    async def _renew(self, name: str) -> None:
        now = times.format_micro_time(times.to_micro_time(time.time()))
        await self._client.patch(registry.LEASES, name, "kube-node-lease", {"spec": {"renewTime": now}})
        node = await self._client.get(registry.NODES, name)
        if not objects.condition_is(node.status.conditions, "Ready"):
            ready = core.NodeCondition(type="Ready", status="True", reason="KubeletReady")
            ready.last_transition_time.CopyFrom(times.to_time(time.time()))
            objects.set_condition(node.status.conditions, ready)
            await self._client.update_status(node)
