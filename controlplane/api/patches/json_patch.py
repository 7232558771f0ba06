"""JSON patches (RFC 6902), bounded in what they may cost."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer
import orjson

from controlplane.api import errors
from controlplane.api.patches import reading

Operations = list[dict[str, Any]]

_MOST_OPERATIONS = 10_000
_MOST_COPIED_BYTES = 3 << 20
_LONGEST_REASON = 200
_BROKEN = (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, RecursionError)


def read(document: object) -> Operations:
    """The operations. Raises BadRequest for what is no JSON patch, TooLarge for one with too many of them."""
    if not isinstance(document, list) or not all(isinstance(operation, dict) for operation in document):
        raise errors.BadRequest('a JSON patch must be a list of operations, such as [{"op": "remove", "path": "/a"}]')
    if len(document) > _MOST_OPERATIONS:
        raise errors.TooLarge(f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, got {len(document)}")
    for index, operation in enumerate(document):
        _check(index, operation)
    return document


def _check(index: int, operation: dict[str, Any]) -> None:
    try:
        jsonpatch.JsonPatch([operation])
    except _BROKEN as error:
        raise errors.BadRequest(f"operation {index} of the JSON patch cannot be read: {error}") from error
    needed = {"copy": "from", "move": "from", "add": "value", "replace": "value", "test": "value"}.get(operation["op"])
    if needed and needed not in operation:
        raise errors.BadRequest(f'operation {index} of the JSON patch: {operation["op"]} needs "{needed}"')
    if needed == "from" and not isinstance(operation["from"], str):
        raise errors.BadRequest(f'operation {index} of the JSON patch: "from" must be a path')


def apply(document: dict[str, Any], operations: Operations) -> dict[str, Any]:
    """The document with the operations done, in place. Raises Invalid, without saying on what, if one cannot be done."""
    result: Any = document
    copied = 0
    for operation in operations:
        try:
            if operation["op"] == "copy":
                copied += _copied(result, operation["from"], so_far=copied)
            result = jsonpatch.JsonPatch([operation]).apply(result, in_place=True)
        except jsonpatch.JsonPatchTestFailed as error:
            raise _refused(f"testing value {operation['path']} failed: test failed") from error
        except (jsonpatch.JsonPatchPathNotFound, jsonpointer.JsonPointerException) as error:
            path = operation.get("from", operation["path"])
            raise _refused(f"{operation['op']} operation does not apply: doc is missing path: {path}") from error
        except _BROKEN as error:
            reason = str(error)[:_LONGEST_REASON]
            raise _refused(f"{operation['op']} operation does not apply: {operation['path']}: {reason}") from error
    if not isinstance(result, dict):
        raise _refused("the patch leaves no object")
    try:
        reading.check_depth(result, "what it makes")
    except errors.BadRequest as error:
        raise _refused(error.message) from error
    return result


def _copied(document: Any, path: str, *, so_far: int) -> int:
    """The bytes that a copy adds, as copies of copies grow without end."""
    size = len(orjson.dumps(jsonpointer.resolve_pointer(document, path)))
    if so_far + size > _MOST_COPIED_BYTES:
        raise _refused(
            f"Unable to complete the copy, the accumulated size increase of copy is {so_far + size}, "
            f"exceeding the limit {_MOST_COPIED_BYTES}"
        )
    return size


def _refused(why: str) -> errors.Invalid:
    return errors.Invalid(f"the server rejected our request due to an error in our request: {why}")
