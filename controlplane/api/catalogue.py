"""Every kind that is served: those of the table, and those that users define by a CustomResourceDefinition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from controlplane.api import registry
from controlplane.api.custom.definitions import is_established, storage_version
from controlplane.api.custom.schema import compile_schema
from controlplane.api.kind import CUSTOM, EVERY_VERB, Kind
from controlplane.api.names import by_preference
from controlplane.api.objects import ApiObject, T
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from protos.v1.resources_pb2 import CustomObject

__all__ = ["Catalogue", "custom_kind", "storage_version"]

# What can be done with objects of which no version is served any more: find them, and remove them.
_UNSERVED_VERBS = ("delete", "deletecollection", "get", "list", "watch")


class Catalogue:
    """`define` and `forget` keep it in step with the definitions there are."""

    def __init__(self) -> None:
        self._custom: dict[str, Kind[Any]] = {}

    def __iter__(self) -> Iterator[Kind[Any]]:
        yield from registry.KINDS
        yield from self._custom.values()

    @property
    def custom(self) -> list[Kind[Any]]:
        """The kinds that users define."""
        return list(self._custom.values())

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

    def kind_of(self, obj: T) -> Kind[T]:
        """The kind of an object. Raises KeyError for one of a kind that is not there."""
        kind = self.find(obj)
        if kind is None:
            raise KeyError(registry.kind_of(obj).name)
        return cast("Kind[T]", kind)

    def find(self, obj: ApiObject) -> Kind[Any] | None:
        """As `kind_of`, or None."""
        return self.by_type(obj.api_version, obj.kind) if isinstance(obj, CustomObject) else registry.kind_of(obj)

    def define(self, definition: CustomResourceDefinition) -> Kind[Any] | None:
        """Adds or replaces the kind of a definition, or drops it: None for a definition that is not established. The same
        kind again as long as nothing about it has changed."""
        if not is_established(definition) or not definition.status.accepted_names.kind:
            self.forget(definition.metadata.name)
            return None
        known = self._custom.get(definition.metadata.name)
        if known is not None and _defines_the_same(known.definition, definition):
            return known
        kind = custom_kind(definition)
        self._custom[kind.resource] = kind
        return kind

    def add(self, kind: Kind[Any]) -> None:
        """Adds or replaces a custom kind that is known without its definition."""
        self._custom[kind.resource] = kind

    def forget(self, resource: str) -> None:
        """Drops the kind of a definition, which has the resource as its name."""
        self._custom.pop(resource, None)

    def keep_only(self, resources: set[str]) -> None:
        """Drops the custom kinds that are not among these."""
        for resource in set(self._custom) - resources:
            del self._custom[resource]


def _defines_the_same(old: CustomResourceDefinition | None, new: CustomResourceDefinition) -> bool:
    return (
        old is not None
        and old.metadata.HasField("deletion_timestamp") == new.metadata.HasField("deletion_timestamp")
        and old.status.accepted_names == new.status.accepted_names
        and old.spec == new.spec
    )


def custom_kind(definition: CustomResourceDefinition) -> Kind[Any]:
    """The kind that a definition defines, with the names it was given. Raises ValueError for an unsound schema."""
    spec, names, stored = definition.spec, definition.status.accepted_names, storage_version(definition)
    served = sorted((version.name for version in spec.versions if version.served), key=by_preference)
    shown = stored.name if stored.served or not served else served[0]
    version = next((version for version in spec.versions if version.name == shown), stored)
    return Kind(
        name=names.kind,
        group=spec.group,
        version=shown,
        plural=spec.names.plural,
        singular=names.singular,
        short=tuple(names.short_names),
        message=CustomObject,
        field=CUSTOM,
        namespaced=spec.scope == "Namespaced",
        categories=tuple(names.categories),
        selectable=tuple(field.json_path.removeprefix(".") for field in version.selectable_fields),
        has_status=version.subresources.HasField("status"),
        has_generation=True,
        has_scale=version.subresources.HasField("scale"),
        verbs=EVERY_VERB if served else _UNSERVED_VERBS,
        older=tuple(f"{spec.group}/{name}" for name in served if name != shown),
        definition=definition,
        schemas={
            f"{spec.group}/{version.name}": compile_schema(version.schema.open_api_v3_schema) for version in spec.versions
        },
        stored_as=f"{spec.group}/{stored.name}",
    )
