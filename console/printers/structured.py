"""Objects as YAML, JSON or names, as kubectl writes them: keys in alphabetical order, several objects in a List."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.api import codec, yaml_text
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind

Item = tuple[Kind[Any], ApiObject]


def to_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=4, ensure_ascii=False, sort_keys=True) + "\n"


def to_yaml(document: Mapping[str, Any]) -> str:
    return yaml_text.dump(_in_order(document))


def to_name(kind: Kind[Any], name: str) -> str:
    """`pod/web`, `deployment.apps/web`"""
    group = f".{kind.group}" if kind.group else ""
    return f"{kind.singular}{group}/{name}"


def document_of(kind: Kind[Any], obj: ApiObject) -> dict[str, Any]:
    """The object without the record of who set which field, which nobody reads."""
    document = codec.to_dict(kind, obj)
    document.get("metadata", {}).pop("managedFields", None)
    return document


def list_of(items: Sequence[Item]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": ""},
        "items": [document_of(kind, obj) for kind, obj in items],
    }


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    return value
