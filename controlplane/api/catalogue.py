"""Every kind that is served: those of the table, and those that users define by a CustomResourceDefinition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controlplane.api import registry
from controlplane.api.kind import Kind
from protos.v1.apiextensions_pb2 import CustomResourceDefinition, CustomResourceDefinitionVersion
from protos.v1.resources_pb2 import CustomObject


class Catalogue:
    """`define` and `forget` keep it in step with the definitions there are."""

    def __init__(self) -> None:
        self._custom: dict[str, Kind[Any]] = {}

    def __iter__(self) -> Iterator[Kind[Any]]:
        yield from registry.KINDS
        yield from self._custom.values()

    def by_resource(self, resource: str) -> Kind[Any] | None:
        """The kind for a request's resource name: `deployments.apps`, `crontabs.stable.example.com`."""
        return registry.by_resource(resource) or self._custom.get(resource)

    def by_type(self, api_version: str, name: str) -> Kind[Any] | None:
        """The kind for a document's `apiVersion` and `kind`, in any version that is served."""
        known = registry.by_type(api_version, name)
        if known is not None:
            return known
        return next(
            (kind for kind in self._custom.values()
             if kind.name == name and api_version in (kind.api_version, *kind.older)), None
        )  # fmt: skip

    def define(self, definition: CustomResourceDefinition) -> Kind[Any]:
        """Adds or replaces the kind of a definition."""
        kind = custom_kind(definition)
        self._custom[kind.resource] = kind
        return kind

    def forget(self, resource: str) -> None:
        """Drops the kind of a definition, which has the resource as its name."""
        self._custom.pop(resource, None)


def custom_kind(definition: CustomResourceDefinition) -> Kind[Any]:
    """The kind that a definition defines."""
    spec = definition.spec
    names, stored = spec.names, storage_version(definition)
    return Kind(
        name=names.kind,
        group=spec.group,
        version=stored.name,
        plural=names.plural,
        singular=names.singular or names.kind.lower(),
        short=tuple(names.short_names),
        message=CustomObject,
        field="custom",
        namespaced=spec.scope == "Namespaced",
        categories=tuple(names.categories),
        selectable=tuple(field.json_path.removeprefix(".") for field in stored.selectable_fields),
        has_status=stored.subresources.HasField("status"),
        has_generation=True,
        has_scale=stored.subresources.HasField("scale"),
        older=tuple(f"{spec.group}/{version.name}" for version in spec.versions if version.served and not version.storage),
        definition=definition,
    )


def storage_version(definition: CustomResourceDefinition) -> CustomResourceDefinitionVersion:
    """The version in which objects are stored; an empty one for a definition without any."""
    versions = definition.spec.versions
    return next((version for version in versions if version.storage), CustomResourceDefinitionVersion())
