"""Sandboxes: the container that holds a pod's network, IPC and host name while the others come and go."""

from __future__ import annotations

import contextlib
from typing import Any

from docker import errors as docker_errors

from dataplane.runtime import labels, pause, records
from dataplane.runtime.configs import Config, Setting, sandbox_config
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import SandboxRecord, SandboxSpec


async def start(engine: Engine, spec: SandboxSpec, setting: Setting, *, image: str) -> SandboxRecord:
    """Leaves nothing behind when it fails."""
    config = sandbox_config(spec, setting, image=image)
    name = labels.container_name(spec.pod, "POD", spec.attempt)
    return await engine.act(lambda api: _start(api, config, name))


def _start(api: Any, config: Config, name: str) -> SandboxRecord:
    made = _create(api, config, name)["Id"]
    try:
        api.start(made)
        inspected = api.inspect_container(made)
    except docker_errors.APIError:
        with contextlib.suppress(docker_errors.NotFound):
            api.remove_container(made, force=True)
        raise
    (sandbox,) = records.pod_record(labels.pod_of(config["Labels"]), [inspected]).sandboxes
    return sandbox


def _create(api: Any, config: Config, name: str) -> Config:
    try:
        return dict(api.create_container_from_config(config, name))
    except docker_errors.ImageNotFound:
        return dict(api.create_container_from_config(config | {"Image": _obtain(api, config["Image"])}, name))


def _obtain(api: Any, image: str) -> str:
    """Gets the image that is missing, or, where it cannot be had, ours."""
    if image != pause.IMAGE:
        try:
            api.pull(image)
            return image
        except docker_errors.APIError:
            pass
    # `quiet` keeps the answer from being a stream of progress, which nobody would read to its end.
    for _ in api.load_image(pause.image(), quiet=True):
        pass
    return pause.IMAGE
