"""Applies a patch to a stored object."""

from __future__ import annotations

from typing import Any

import orjson

from controlplane.api import codec, errors, patch
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import Kind
from protos.v1 import resources_pb2 as wire

_MOST_BYTES = 3_000_000


def read(request: wire.PatchRequest) -> dict[str, Any]:
    """The patch as a document. Raises BadRequest for what is none."""
    if request.type != wire.PatchRequest.MERGE:
        raise errors.BadRequest("type: required; use MERGE, a JSON merge patch (RFC 7386)")
    if len(request.patch) > _MOST_BYTES:
        raise errors.TooLarge(f"the patch takes {len(request.patch)} bytes; the limit is {_MOST_BYTES}")
    try:
        document = orjson.loads(request.patch)
    except orjson.JSONDecodeError as error:
        raise errors.BadRequest(f"the patch is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise errors.BadRequest('the patch must be a JSON object, such as {"spec": {"replicas": 3}}')
    return document


def version_in(document: dict[str, Any]) -> str:
    """The resource version that the patch insists on, or empty."""
    metadata = document.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""


def apply(kind: Kind[Any], old: T, document: dict[str, Any]) -> T:
    """The object with the patch applied. Raises BadRequest when the result is no object of the kind."""
    patched = patch.merge(codec.to_dict(kind, old), document)
    result: ApiObject = codec.from_dict(kind, patched)
    _refuse_other_name(kind, old, result)
    return result  # type: ignore[return-value]


def _refuse_other_name(kind: Kind[Any], old: ApiObject, new: ApiObject) -> None:
    before, after = old.metadata, new.metadata
    if (before.name, before.namespace) != (after.name, after.namespace):
        raise errors.BadRequest(
            f'{kind.resource} "{before.name}": a patch cannot change its name or namespace; create another object',
            kind=kind.resource,
            name=before.name,
        )
