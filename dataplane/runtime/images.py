"""Images: which are there, and getting those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docker import utils as docker_utils

from dataplane.runtime.engine import Engine, NotHere
from dataplane.runtime.records import image_of
from dataplane.runtime.types import Image, ImageFailure, RuntimeFailure


async def find(engine: Engine, name: str) -> Image | None:
    try:
        return image_of(await engine.look(lambda api: api.inspect_image(name)))
    except NotHere:
        return None


async def listed(engine: Engine) -> Sequence[Image]:
    return [image_of(one) for one in await engine.look(lambda api: api.images())]


async def pull(engine: Engine, name: str) -> Image:
    try:
        return image_of(await engine.pull(lambda api: _pull(api, name)))
    except RuntimeFailure as error:
        raise _failure(name, str(error)) from error


def _pull(api: Any, name: str) -> dict[str, Any]:
    repository, tag = docker_utils.parse_repository_tag(name)
    progress = api.pull(repository, tag=tag or "latest", stream=True, decode=True)
    for step in progress:
        if "error" in step:
            raise RuntimeFailure(step["error"])
    found: dict[str, Any] = api.inspect_image(name)
    return found


def _failure(name: str, message: str) -> ImageFailure:
    if "invalid reference format" in message:
        return ImageFailure("InvalidImageName", f'Failed to apply default image tag "{name}": {message}')
    return ImageFailure("ErrImagePull", message)
