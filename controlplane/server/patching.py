"""Reads a request's patch, and makes of a stored object what the patch says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controlplane.api import codec, errors, patch
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, T, key_of
from controlplane.api.patches import json_patch, reading, shapes, strategic
from controlplane.server import requests
from controlplane.server.refusals import stale
from controlplane.server.users import Caller
from protos.v1 import resources_pb2 as wire

_LONGEST_MANAGER = 128
_DEFAULT = requests.WARN


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch that has been read. `document` is a list of operations for a JSON patch, else an object."""

    type: wire.PatchRequest.Type.ValueType
    document: Any
    caller: Caller
    validation: str = _DEFAULT

    @property
    def version(self) -> str:
        """The resource version that the patch insists on, or empty."""
        metadata = self.document.get("metadata") if isinstance(self.document, dict) else None
        version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
        return version if isinstance(version, str) else ""


def read(kind: Kind[Any], request: wire.PatchRequest, caller: Caller) -> Patch:
    """The patch of a request. Raises StatusError for what is none, or none that the kind takes."""
    requests.check_validation(request.field_validation)
    check_manager(request.field_manager)
    if request.force and request.type != wire.PatchRequest.APPLY:
        raise errors.BadRequest("force: Forbidden: may not be specified for non-apply patch")
    validation = request.field_validation or _DEFAULT
    document = _document(kind, request)
    if validation != requests.IGNORE and request.type != wire.PatchRequest.APPLY:
        _tell_duplicates(request, caller, strict=validation == requests.STRICT)
    return Patch(request.type, document, caller, validation)


def _document(kind: Kind[Any], request: wire.PatchRequest) -> Any:
    match request.type:
        case wire.PatchRequest.MERGE:
            return reading.object_in(request.patch)
        case wire.PatchRequest.JSON:
            return json_patch.read(reading.json_in(request.patch))
        case wire.PatchRequest.STRATEGIC if kind.is_custom:
            raise errors.UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                kind=kind.resource,
            )
        case wire.PatchRequest.STRATEGIC:
            return reading.object_in(request.patch)
        case wire.PatchRequest.APPLY:
            return reading.configuration_in(request.patch)
        case _:
            raise errors.BadRequest("type: required; use MERGE, JSON, STRATEGIC or APPLY")


def _tell_duplicates(request: wire.PatchRequest, caller: Caller, *, strict: bool) -> None:
    told = [f'duplicate field "{path}"' for path in reading.duplicates_in(request.patch)]
    if told and strict:
        raise errors.BadRequest(f"strict decoding error: {', '.join(told)}", kind=request.resource, name=request.name)
    for warning in told:
        caller.warn(warning)


def check_manager(name: str) -> None:
    if len(name.encode()) > _LONGEST_MANAGER:
        raise errors.BadRequest(f"fieldManager: Too long: may not be more than {_LONGEST_MANAGER} bytes")
    if not name.isprintable():
        raise errors.BadRequest(f"fieldManager: Invalid value: {name!r}: should only contain printable characters")


def apply(kind: Kind[Any], old: T, change: Patch) -> T:
    """The object with the patch applied. Raises BadRequest when the result is no object of the kind."""
    document = codec.to_dict(kind, old)
    version = document["apiVersion"]
    patched = _patched(kind, document, change)
    if patched.get("apiVersion") != version:
        raise errors.BadRequest(
            f"the API version in the data ({patched.get('apiVersion')}) does not match the expected API version ({version})",
            kind=kind.resource,
        )
    result = read_object(kind, patched, change)
    refuse_other_name(kind, old, result)
    if result.metadata.resource_version not in ("", old.metadata.resource_version):
        raise stale(kind, key_of(old), result.metadata.resource_version, old.metadata.resource_version)
    return result  # type: ignore[return-value]


def _patched(kind: Kind[Any], document: dict[str, Any], change: Patch) -> dict[str, Any]:
    match change.type:
        case wire.PatchRequest.JSON:
            try:
                return json_patch.apply(document, change.document)
            except errors.Invalid as error:
                raise errors.Invalid(error.message, kind=kind.resource, name=document["metadata"]["name"]) from error
        case wire.PatchRequest.STRATEGIC:
            return strategic.apply(document, change.document, shapes.of_kind(kind))
        case wire.PatchRequest.MERGE:
            return patch.merge(document, change.document)
        case _:
            raise errors.BadRequest(f"{kind.resource}: this part cannot be applied; use a merge patch", kind=kind.resource)


def read_object(kind: Kind[Any], document: object, change: Patch) -> ApiObject:
    """The object that the document describes. What becomes of unknown fields, the request's validation says."""
    if change.validation == requests.STRICT:
        return codec.from_dict(kind, document)
    decoded = codec.decode(kind, document)
    if change.validation == requests.WARN:
        for warning in decoded.warnings:
            change.caller.warn(warning)
    return decoded.obj


def refuse_other_name(kind: Kind[Any], old: ApiObject, new: ApiObject) -> None:
    before, after = old.metadata, new.metadata
    if (before.name, before.namespace) != (after.name, after.namespace):
        raise errors.BadRequest(
            f'{kind.resource} "{before.name}": a patch cannot change its name or namespace; create another object',
            kind=kind.resource,
            name=before.name,
        )
