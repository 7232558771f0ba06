"""How objects of the kinds that users define come in, and when their definitions take effect."""

from __future__ import annotations

from typing import Any

from controlplane.api import custom_objects, errors, registry
from controlplane.api.kind import Kind
from controlplane.server.users import Caller
from controlplane.store.records import Record
from controlplane.store.store import Store
from protos.v1.resources_pb2 import CustomObject


def read_custom(kind: Kind[Any], obj: CustomObject, caller: Caller, *, strict: bool, warn: bool) -> None:
    """Brings an object from outside into the shape of its schema. Unknown fields are refused, told or dropped."""
    unknown = [f'unknown field "{problem.path}"' for problem in custom_objects.complete(kind, obj)]
    if unknown and strict:
        raise errors.BadRequest(
            f'{kind.name} in version "{obj.api_version.rpartition("/")[2]}" cannot be handled as a {kind.name}: strict '
            f"decoding error: {', '.join(unknown)}",
            kind=kind.resource,
            name=obj.metadata.name,
        )
    for warning in unknown if warn else ():
        caller.warn(warning)


async def in_force(store: Store, record: Record) -> Record:
    """Returns once this server serves by a definition that was just written; at once for all else."""
    if record.kind is registry.CUSTOM_RESOURCE_DEFINITIONS:
        await store.reach(record.revision)
    return record
