"""Sound objects to spoil, and what validation then says."""

from __future__ import annotations

from typing import Any

from controlplane.api import codec, defaults, validation
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind

Doc = dict[str, Any]


def container(**fields: Any) -> Doc:
    return {"name": "web", "image": "nginx:1.27"} | fields


def pod_spec(*containers: Doc, **fields: Any) -> Doc:
    return {"containers": list(containers) or [container()]} | fields


def workload(template: Doc | None = None, **fields: Any) -> Doc:
    """The spec of a Deployment or ReplicaSet."""
    labels = {"app": "web"}
    made = {"metadata": {"labels": labels}, "spec": pod_spec()} if template is None else template
    return {"selector": {"matchLabels": labels}, "template": made} | fields


def stored(kind: Kind[Any], doc: Doc) -> ApiObject:
    """The object as the server validates it: named and with its defaults."""
    metadata = {"name": "web", "namespace": "shop"} if kind.namespaced else {"name": "web"}
    obj = codec.from_dict(kind, doc | {"metadata": metadata | doc.get("metadata", {})})
    defaults.apply_defaults(kind, obj)
    return obj


def problems(kind: Kind[Any], doc: Doc) -> list[str]:
    return [str(problem) for problem in validation.problems_of(kind, stored(kind, doc))]


def update(kind: Kind[Any], old: Doc, new: Doc) -> list[str]:
    return [str(problem) for problem in validation.update_problems(kind, stored(kind, old), stored(kind, new))]
