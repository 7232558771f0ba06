"""A schema of a custom kind, compiled: what objects' content must look like, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controlplane.api.custom import checking, shaping
from controlplane.api.errors import Problem
from protos.v1 import meta_pb2 as meta
from protos.v1.apiextensions_pb2 import JSONSchemaProps


@dataclass(frozen=True, slots=True)
class Schema:
    """Works on an object's content: everything but `apiVersion`, `kind` and `metadata`."""

    _shape: shaping.Shape | None
    _check: checking.Check
    _checks_metadata: bool

    def complete(self, content: dict[str, Any]) -> list[str]:
        """Removes unknown fields and fills in defaults, in place. The paths of what was removed: `spec.replicass`."""
        removed: list[str] = []
        if self._shape is not None:
            self._shape(content, "", removed)
        return [path.removeprefix(".") for path in removed]

    def problems(self, content: dict[str, Any], metadata: meta.ObjectMeta | None = None) -> list[Problem]:
        """Everything that is wrong with the content, and with what the schema says of the metadata's name."""
        found: list[Problem] = []
        named = content
        if metadata is not None and self._checks_metadata:
            names = {"name": metadata.name, "generateName": metadata.generate_name}
            named = content | {"metadata": {key: value for key, value in names.items() if value}}
        self._check(named, "", found)
        return found


def compile_schema(schema: JSONSchemaProps) -> Schema:
    """Raises ValueError for a schema that validation would have refused."""
    bare = JSONSchemaProps()
    bare.CopyFrom(schema)
    for field in ("apiVersion", "kind"):
        bare.properties.pop(field, None)
    kept = [field for field in bare.required if field not in shaping.OBJECT_FIELDS]
    del bare.required[:]
    bare.required.extend(kept)
    checks = checking.check_of(bare)
    checks_metadata = bool(bare.properties.pop("metadata", None))
    return Schema(shaping.shape_of(bare), checks, checks_metadata)
