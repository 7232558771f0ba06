"""What people do to workloads, as single steps: scale, change an image, roll back, restart, pause, follow a rollout.

Command line and console share these. Each reads the object, changes a copy and writes it back on condition that nobody wrote
in between; a lost race is run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from controlplane.api import errors, registry, rollouts
from controlplane.api.labels import from_label_selector
from controlplane.api.objects import T, copy_of
from controlplane.api.registry import Kind
from controlplane.api.rollouts import Revision, RolloutError
from controlplane.client.client import Client
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1.resources_pb2 import WatchEvent

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.5


class Refused(Exception):
    """The object is not in a state in which this can be done. `str()` is the message for people."""


async def change(
    client: Client, kind: Kind[T], name: str, namespace: str, edit: Callable[[T], None], *, dry_run: bool = False
) -> tuple[T, bool]:
    """Lets `edit` change the object as it is now; the object as stored, and whether that made a difference. `edit` may be
    called again, with a newer object, and may raise to refuse."""
    for attempt in range(1, _ATTEMPTS + 1):
        old = await client.get(kind, name, namespace)
        new = copy_of(old)
        edit(new)
        if new == old:
            return old, False
        try:
            stored = await client.update(new, dry_run=dry_run)
        except errors.Conflict:
            if attempt == _ATTEMPTS:
                raise
        else:
            return stored, stored.metadata.resource_version != old.metadata.resource_version or dry_run
    raise AssertionError("the last attempt returns or raises")


async def scale(
    client: Client,
    kind: Kind[Any],
    name: str,
    namespace: str,
    replicas: int,
    current: int | None = None,
    *,
    dry_run: bool = False,
) -> Any:
    """Asks for so many replicas; with `current`, only if so many were asked for before."""

    def edit(obj: Any) -> None:
        had = rollouts.desired_replicas(obj)
        if current is not None and had != current:
            raise Refused(f"Expected replicas to be {current}, was {had}")
        obj.spec.replicas = replicas

    scaled, _ = await change(client, kind, name, namespace, edit, dry_run=dry_run)
    return scaled


async def set_image(
    client: Client, kind: Kind[Any], name: str, namespace: str, images: Mapping[str, str], *, dry_run: bool = False
) -> tuple[Any, bool]:
    """Container name -> image, `*` for all containers. The object as stored, and whether that made a difference."""

    def edit(obj: Any) -> None:
        put_images(pod_spec(obj), images)

    return await change(client, kind, name, namespace, edit, dry_run=dry_run)


def pod_spec(obj: Any) -> core.PodSpec:
    """The pod's own, or that of the workload's template, to be changed in place."""
    spec: core.PodSpec = obj.spec if isinstance(obj, core.Pod) else obj.spec.template.spec
    return spec


def put_images(spec: core.PodSpec, images: Mapping[str, str]) -> None:
    """Raises Refused for a name that no container has."""
    for wanted, image in images.items():
        found = [c for c in (*spec.containers, *spec.init_containers) if wanted in ("*", c.name)]
        if not found:
            names = ", ".join(c.name for c in (*spec.containers, *spec.init_containers))
            raise Refused(f'unable to find container named "{wanted}"; there are: {names}')
        for container in found:
            container.image = image


async def replica_sets_of(client: Client, deployment: apps.Deployment) -> list[apps.ReplicaSet]:
    """Those that the deployment manages, oldest first."""
    labels = str(from_label_selector(deployment.spec.selector))
    listed = await client.list(registry.REPLICA_SETS, deployment.metadata.namespace, labels=labels)
    return rollouts.owned_replica_sets(deployment, listed.items)


async def history(client: Client, name: str, namespace: str) -> list[Revision]:
    """The deployment's revisions, lowest first."""
    deployment = await client.get(registry.DEPLOYMENTS, name, namespace)
    return rollouts.history(deployment, await replica_sets_of(client, deployment))


async def undo(client: Client, name: str, namespace: str, to_revision: int = 0, *, dry_run: bool = False) -> str:
    """Goes back to a revision, or for 0 to the one before the last. Returns what was done: `rolled back`."""
    deployment = await client.get(registry.DEPLOYMENTS, name, namespace)
    target = rollouts.undo_template(deployment, await replica_sets_of(client, deployment), to_revision)
    if rollouts.is_current(deployment, target):
        return f"skipped rollback (current template already matches revision {target.number})"

    def edit(obj: apps.Deployment) -> None:
        obj.CopyFrom(rollouts.roll_back(obj, target))

    await change(client, registry.DEPLOYMENTS, name, namespace, edit, dry_run=dry_run)
    return "rolled back"


async def restart(client: Client, name: str, namespace: str, at: str, *, dry_run: bool = False) -> apps.Deployment:
    """Replaces all pods by a rollout. `at` is the time to note, RFC 3339."""

    def edit(deployment: apps.Deployment) -> None:
        if deployment.spec.paused:
            raise Refused(f'deployments.apps "{name}" can\'t restart paused deployment (run rollout resume first)')
        deployment.spec.template.metadata.annotations[RESTARTED_AT] = at

    restarted, _ = await change(client, registry.DEPLOYMENTS, name, namespace, edit, dry_run=dry_run)
    return restarted


async def set_paused(client: Client, name: str, namespace: str, paused: bool, *, dry_run: bool = False) -> apps.Deployment:
    """Stops or goes on with rollouts. Raises Refused when there is nothing to do."""

    def edit(deployment: apps.Deployment) -> None:
        if deployment.spec.paused == paused:
            raise Refused(f'deployments.apps "{name}" is {"already" if paused else "not"} paused')
        deployment.spec.paused = paused

    stored, _ = await change(client, registry.DEPLOYMENTS, name, namespace, edit, dry_run=dry_run)
    return stored


async def follow_rollout(client: Client, name: str, namespace: str, revision: int = 0) -> AsyncIterator[str]:
    """How far the rollout is, told whenever that changes; the last one says that it is done.

    Raises RolloutError when it passes its deadline or, with `revision`, when another one takes over.
    """
    told = ""
    async for deployment in _versions(client, name, namespace):
        message, done = rollouts.status_message(deployment, revision)
        if message != told:
            told = message
            yield message
        if done:
            return


async def _versions(client: Client, name: str, namespace: str) -> AsyncIterator[apps.Deployment]:
    """The deployment now and after every change, across lost connections."""
    kind, fields = registry.DEPLOYMENTS, f"metadata.name={name}"
    while True:
        deployment = await client.get(kind, name, namespace)
        yield deployment
        version = deployment.metadata.resource_version
        try:
            async for batch in client.watch(kind, namespace, fields=fields, resource_version=version):
                for event in batch:
                    if event.type == WatchEvent.DELETED:
                        raise RolloutError("object has been deleted")
                    if event.object is not None:
                        yield event.object
        except (errors.Expired, errors.Unavailable):
            await asyncio.sleep(_PAUSE_SECONDS)
