"""A cluster in memory for the console: the client's methods on a store, the real controllers' plans, and a clock that only
tests move. Pods start and end by `step`, so that a rollout can be looked at half-way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from controlplane.api import codec, errors, fields, labels, objects, patch, registry, times
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind, kind_of
from controlplane.client.client import Change, ObjectList
from controlplane.controllers.deployment import plan_deployment
from controlplane.controllers.endpointslice import plan_endpoint_slices
from controlplane.controllers.replicaset import plan_replica_set
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1.resources_pb2 import WatchEvent
from tests.support.builders import set_ready
from tests.support.simulation import Simulation, Store

AWAY = "the API server at 127.0.0.1:6443 does not answer (connection refused); is it running?"


class FakeCluster:
    def __init__(self, *initial: ApiObject, now: float) -> None:
        self.simulation = Simulation()
        self.simulation.store = self.store = Store(now=now)
        self.simulation.view = type(self.simulation.view)(self.store)
        self.wake = asyncio.Event()
        self.is_away = False
        self.logs: dict[tuple[str, str], list[bytes]] = {}
        self.refused: dict[str, errors.StatusError] = {}
        for obj in initial:
            self.put(obj)

    @property
    def now(self) -> float:
        return self.store.now

    def client(self) -> FakeClient:
        return FakeClient(self)

    def put(self, obj: ApiObject) -> None:
        self.store.put(obj)
        self.notify()

    def remove(self, obj: ApiObject) -> None:
        self.store.remove(obj)
        self.notify()

    def get(self, kind: Kind[Any], name: str, namespace: str = "default") -> Any:
        return self.store.get(kind, name, namespace)

    def notify(self) -> None:
        self.wake.set()
        self.wake = asyncio.Event()

    def cut(self) -> None:
        """The server is gone until `mend`."""
        self.is_away = True
        self.notify()

    def mend(self) -> None:
        self.is_away = False
        self.notify()

    # The cluster's own life.

    def step(self, seconds: float = 1.0, *, pods_start: bool = True) -> None:
        """Everybody looks once: controllers, scheduler, agents."""
        self.store.now += seconds
        if pods_start:
            for pod in self.simulation.pods():
                self._live(pod)
        self._plan(registry.DEPLOYMENTS, plan_deployment)
        self._plan(registry.REPLICA_SETS, plan_replica_set)
        self._plan(registry.DEPLOYMENTS, plan_deployment)
        self._plan(registry.SERVICES, plan_endpoint_slices)
        self.notify()

    def settle(self, rounds: int = 40) -> None:
        """Until nothing changes any more."""
        for _ in range(rounds):
            revision = self.store.revision
            self.step()
            if self.store.revision == revision:
                return

    def _plan(self, kind: Kind[Any], plan: Any) -> None:
        for _ in range(3):
            self.simulation.view.catch_up()
            plans = [(obj, plan(obj, self.simulation.view, self.now)) for obj in self.store.all(kind)]
            if sum(self.simulation.carry_out(obj, made) for obj, made in plans) == 0:
                return

    def _live(self, pod: core.Pod) -> None:
        """Bound, then ready, then gone when asked to go: each takes a step."""
        if objects.is_terminating(pod):
            self.store.remove(pod)
        elif not pod.spec.node_name:
            fresh = objects.copy_of(pod)
            nodes = [n.metadata.name for n in self.store.all(registry.NODES) if not n.spec.unschedulable]
            fresh.spec.node_name = nodes[self.store.revision % len(nodes)] if nodes else "node-1"
            status = fresh.status.container_statuses.add(name=fresh.spec.containers[0].name)
            status.state.waiting.reason = "ContainerCreating"
            self.store.put(fresh)
        elif pod.status.phase == "Pending" and pod.status.container_statuses[0].state.waiting.reason == "ContainerCreating":
            fresh = objects.copy_of(pod)
            started(fresh, self.now, ip=f"10.244.{self.store.revision % 3 + 1}.{self.store.revision % 200 + 2}")
            self.store.put(fresh)


def started(pod: core.Pod, now: float, *, ip: str) -> None:
    """Makes the pod a running one, in place."""
    pod.status.pod_ip = ip
    del pod.status.container_statuses[:]
    for container in pod.spec.containers:
        status = pod.status.container_statuses.add(name=container.name, ready=True, image=container.image)
        status.state.running.started_at.CopyFrom(times.to_time(now))
    set_ready(pod, since=now)


class FakeClient:
    """Speaks like `controlplane.client.client.Client`."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...

    def _reach(self, verb: str = "") -> None:
        if self._cluster.is_away:
            raise errors.Unavailable(AWAY)
        if verb in self._cluster.refused:
            raise self._cluster.refused[verb]

    async def get(self, kind: Kind[Any], name: str, namespace: str = "", *, resource_version: str = "") -> Any:
        self._reach("get")
        found = self._cluster.store.get(kind, name, namespace)
        if found is None:
            raise errors.not_found(kind.resource, name)
        return objects.copy_of(found)

    async def list(self, kind: Kind[Any], namespace: str = "", *, labels: str = "", fields: str = "", **_: Any) -> Any:
        self._reach("list")
        found = [obj for obj in self._cluster.store.all(kind) if _matches(obj, kind, namespace, labels, fields)]
        return ObjectList(found, str(self._cluster.store.revision))

    async def watch(
        self, kind: Kind[Any], namespace: str = "", *, labels: str = "", fields: str = "", resource_version: str = "",
        **_: Any,
    ) -> AsyncIterator[Sequence[Change[Any]]]:  # fmt: skip
        cluster, seen = self._cluster, int(resource_version)
        last: dict[Key, Any] = {key: obj for at, key, obj in cluster.store.log.get(kind.resource, []) if at <= seen}
        self._reach("watch")
        yield []
        while True:
            self._reach("watch")
            news = [entry for entry in cluster.store.log.get(kind.resource, []) if entry[0] > seen]
            for revision, key, obj in news:
                seen = revision
                known = last.get(key)
                if obj is not None:
                    last[key] = obj
                shown = obj if obj is not None else last.pop(key, None)
                if shown is not None and _matches(shown, kind, namespace, labels, fields):
                    event = WatchEvent.DELETED if obj is None else WatchEvent.MODIFIED if known else WatchEvent.ADDED
                    yield [Change(event, shown, str(revision), False)]
            if not news:
                await cluster.wake.wait()

    async def create(self, obj: Any, *, dry_run: bool = False) -> Any:
        self._reach("create")
        self._cluster.put(obj)
        return obj

    async def update(self, obj: Any, *, subresource: str = "", dry_run: bool = False) -> Any:
        self._reach("update")
        stored = self._cluster.store._update(obj, subresource)
        self._cluster.notify()
        if stored is None:
            raise errors.Conflict(f'{kind_of(obj).resource} "{obj.metadata.name}": changed meanwhile; read it again')
        return stored

    async def patch(self, kind: Kind[Any], name: str, namespace: str, change: Mapping[str, object], **_: Any) -> Any:
        self._reach("patch")
        stored = await self.get(kind, name, namespace)
        changed = codec.from_dict(kind, patch.merge(codec.to_dict(kind, stored), change))
        return await self.update(changed)

    async def delete(
        self, kind: Kind[Any], name: str, namespace: str = "", *, options: meta.DeleteOptions | None = None
    ) -> Any:
        self._reach("delete")
        stored = await self.get(kind, name, namespace)
        self._cluster.store.delete(stored)
        self._cluster.notify()
        return stored

    async def logs(
        self, name: str, namespace: str, *, container: str = "", follow: bool = False, previous: bool = False,
        tail_lines: int | None = None, **_: Any,
    ) -> AsyncIterator[bytes]:  # fmt: skip
        self._reach("logs")
        told = self._cluster.logs.setdefault((name, container), [])
        at = max(len(told) - (tail_lines if tail_lines is not None else len(told)), 0)
        while True:
            if at < len(told):
                piece, at = b"".join(told[at:]), len(told)
                yield piece
            elif not follow:
                return
            else:
                await self._cluster.wake.wait()
                self._reach("logs")


def _matches(obj: ApiObject, kind: Kind[Any], namespace: str, label_text: str, field_text: str) -> bool:
    if namespace and obj.metadata.namespace != namespace:
        return False
    if label_text and not labels.parse(label_text).matches(obj.metadata.labels):
        return False
    return not field_text or fields.parse(field_text).matches(lambda path: fields.read_path(kind, obj, path))
