"""Kinds as a server tells them, made ready for use: those of the table as they are, others as custom ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import registry
from controlplane.api.kind import CUSTOM, Kind
from protos.v1.resources_pb2 import CustomObject, ServedKind


def kind_from(served: ServedKind) -> Kind[Any]:
    """The kind that a client asks for such objects by. Of a custom one it knows no schema."""
    resource = f"{served.plural}.{served.group}" if served.group else served.plural
    own = f"{served.group}/{served.version}"
    return registry.by_resource(resource) or Kind(
        name=served.kind,
        group=served.group,
        version=served.version,
        plural=served.plural,
        singular=served.singular,
        short=tuple(served.short_names),
        message=CustomObject,
        field=CUSTOM,
        namespaced=served.namespaced,
        categories=tuple(served.categories),
        has_status="status" in served.subresources,
        has_generation=True,
        has_scale="scale" in served.subresources,
        verbs=tuple(served.verbs),
        older=tuple(version for version in served.versions if version != own),
    )


def by_word(kinds: Iterable[Kind[Any]], word: str) -> Kind[Any] | None:
    """The kind that a person means: by its plural, its singular, a short name, or one of them with the group."""
    return next((kind for kind in kinds if word.lower() in registry.words_of(kind)), None)


def by_type(kinds: Iterable[Kind[Any]], api_version: str, name: str) -> Kind[Any] | None:
    """The kind for a document's `apiVersion` and `kind`."""
    return next((kind for kind in kinds if kind.name == name and api_version in (kind.api_version, *kind.older)), None)
