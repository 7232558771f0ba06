"""What the parts of an object that are updated by themselves may change of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.api import errors, parts
from controlplane.api.kind import Kind
from controlplane.api.objects import T, copy_of
from protos.v1 import core_pb2 as core

# Those that are read as the object itself, and those in which defaults are filled.
READ_AS_WHOLE = ("", "status", "approval", "ephemeralcontainers")
DEFAULTED = ("", "ephemeralcontainers")


def updated(kind: Kind[Any], old: T, new: T, subresource: str) -> T:
    """The stored object with what the subresource takes from a request's. Raises NotFound for one that cannot be updated."""
    take = _TAKES.get(subresource)
    if take is None or subresource not in kind.subresources:
        raise errors.NotFound(f'{kind.resource} has no subresource "{subresource}"', kind=kind.resource)
    result = copy_of(old)
    take(new, result)
    return result


def _take_finalizers(source: core.Namespace, target: core.Namespace) -> None:
    target.spec.finalizers[:] = source.spec.finalizers


def _take_ephemeral_containers(source: core.Pod, target: core.Pod) -> None:
    target.spec.ClearField("ephemeral_containers")
    target.spec.ephemeral_containers.extend(source.spec.ephemeral_containers)


_TAKES: Mapping[str, Callable[[Any, Any], None]] = {
    "status": parts.copy_status,
    "approval": parts.copy_status,
    "finalize": _take_finalizers,
    "ephemeralcontainers": _take_ephemeral_containers,
}
