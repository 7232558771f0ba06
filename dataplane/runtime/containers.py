"""Containers: looked at, started in a sandbox, signalled, removed."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from docker import errors as docker_errors

from dataplane.runtime import labels, records
from dataplane.runtime.configs import Config, Setting, container_config
from dataplane.runtime.engine import Engine, NotHere
from dataplane.runtime.records import Inspected
from dataplane.runtime.types import ContainerSpec, PodName, PodRecord, RuntimeFailure, State

_REMEMBERED = 4096


class Observer:
    """Looks at a pod's containers. One that has ended does not change any more and is looked at once."""

    def __init__(self, engine: Engine, node: str) -> None:
        self._engine, self._node = engine, node
        self._ended: OrderedDict[str, Inspected] = OrderedDict()

    async def pods(self) -> Sequence[PodName]:
        wanted = {"label": labels.filters(self._node)}
        listed = await self._engine.look(lambda api: api.containers(all=True, filters=wanted))
        return list(dict.fromkeys(labels.pod_of(one["Labels"]) for one in listed))

    async def observe(self, pod: PodName) -> PodRecord:
        inspected = await self._engine.look(lambda api: self._inspect_all(api, pod.uid))
        for one in inspected:
            if records.state_of(one) is State.EXITED:
                self._ended[one["Id"]] = one
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        return records.pod_record(pod, inspected)

    def _inspect_all(self, api: Any, pod_uid: str) -> list[Inspected]:
        found = []
        for one in api.containers(all=True, filters={"label": labels.filters(self._node, pod_uid=pod_uid)}):
            # Removed since the list was made: then it is no part of the picture.
            with contextlib.suppress(docker_errors.NotFound):
                found.append(self._ended.get(one["Id"]) or api.inspect_container(one["Id"]))
        return found


async def start(engine: Engine, sandbox_id: str, spec: ContainerSpec, setting: Setting) -> str:
    config = container_config(spec, sandbox_id, setting)
    name = labels.container_name(spec.pod, spec.name, spec.attempt)
    return await engine.act(lambda api: _start(api, config, name))


def _start(api: Any, config: Config, name: str) -> str:
    made: str = api.create_container_from_config(config, name)["Id"]
    api.start(made)
    return made


async def signal(engine: Engine, container_id: str, name: str) -> None:
    with contextlib.suppress(NotHere):
        await engine.act(lambda api: _signal(api, container_id, name))


def _signal(api: Any, container_id: str, name: str) -> None:
    if name == "SIGTERM":
        name = api.inspect_container(container_id)["Config"].get("StopSignal") or name
    try:
        api.kill(container_id, name)
    except docker_errors.APIError as error:
        # 409: it does not run, which is what was wanted.
        if error.status_code != 409:
            raise


async def remove(engine: Engine, container_id: str) -> None:
    try:
        await engine.act(lambda api: api.remove_container(container_id, force=True, v=True))
    except NotHere:
        pass
    except RuntimeFailure as error:
        # Somebody else's removal of the same container is under way.
        if "already in progress" not in str(error):
            raise
