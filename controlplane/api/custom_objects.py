"""Objects of the kinds that users define: read, brought into their schema's shape, and judged.

Versions differ in their name only (conversion None), so an object of one version becomes one of another by saying so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from controlplane.api import decoding, parts
from controlplane.api.custom.shaping import OBJECT_FIELDS
from controlplane.api.errors import BadRequest, Problem
from controlplane.api.kind import Kind
from protos.v1.resources_pb2 import CustomObject

if TYPE_CHECKING:
    from controlplane.api.custom.schema import Schema


def read_content(obj: CustomObject) -> dict[str, Any]:
    """The content of an object from outside. Raises BadRequest for what is none."""
    try:
        content = parts.content_of(obj)
        orjson.dumps(content)  # refuses what is nested too deep, as reading alone does not
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise BadRequest(f'{obj.kind} "{obj.metadata.name}": content is not JSON: {error}', kind=obj.kind) from error
    if not isinstance(content, dict):
        raise BadRequest(f'{obj.kind} "{obj.metadata.name}": content must be a JSON object', kind=obj.kind)
    return {name: value for name, value in content.items() if name not in OBJECT_FIELDS}


def complete(kind: Kind[Any], obj: CustomObject) -> list[Problem]:
    """Removes what the schema of the object's version does not know, and fills in its defaults; in place. What was removed.
    Raises BadRequest for content that is no JSON object."""
    content = read_content(obj)
    schema = _schema(kind, obj)
    removed = schema.complete(content) if schema is not None else []
    parts.set_content(obj, content)
    return [Problem(path, "unknown field", decoding.UNKNOWN) for path in removed]


def problems_of(kind: Kind[Any], obj: CustomObject) -> list[Problem]:
    """What is wrong with a complete object's content."""
    schema = _schema(kind, obj)
    return schema.problems(parts.content_of(obj), obj.metadata) if schema is not None else []


def update_problems(kind: Kind[Any], old: CustomObject, new: CustomObject) -> list[Problem]:
    """What is wrong with new content, apart from what was there before: a schema may have become stricter since."""
    found = problems_of(kind, new)
    known = set(problems_of(kind, old)) if found else set()
    return [problem for problem in found if problem not in known]


def as_read(kind: Kind[Any], value: bytes) -> bytes:
    """A stored encoding as it is shown now: in the version that the kind is shown in, with that one's defaults."""
    if not kind.schemas:
        return value
    obj = CustomObject.FromString(value)
    if obj.api_version == kind.api_version:
        before = obj.content
        complete(kind, obj)
        return value if obj.content == before else obj.SerializeToString()
    obj.api_version, obj.kind = kind.api_version, kind.name
    complete(kind, obj)
    return obj.SerializeToString()


def deprecation(kind: Kind[Any], api_version: str) -> str:
    """The warning for a version that is deprecated; empty for others."""
    definition = kind.definition
    if definition is None:
        return ""
    name = api_version.rpartition("/")[2]
    version = next((version for version in definition.spec.versions if version.name == name), None)
    if version is None or not version.deprecated:
        return ""
    better = f"; use {kind.api_version} {kind.name}" if api_version != kind.api_version else ""
    return version.deprecation_warning or f"{api_version} {kind.name} is deprecated{better}"


def _schema(kind: Kind[Any], obj: CustomObject) -> Schema | None:
    return kind.schemas.get(obj.api_version) or kind.schemas.get(kind.api_version)
