"""What the server adds to the definitions of custom kinds, and what it asks of their objects.

A definition is settled while it is written, so that the answer to its creation already says whether it is served. That names
stay with one definition when two are made at the same moment is the business of the controller of definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from controlplane.api import custom_objects, errors, registry
from controlplane.api.custom import definitions
from controlplane.api.kind import Kind
from controlplane.api.objects import Key, is_terminating
from controlplane.api.rules.schemas import rules_in
from controlplane.server.admission.review import Review
from controlplane.server.sources import Sources
from controlplane.server.users import Caller
from controlplane.store.cache import Cache
from controlplane.store.records import Record
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from protos.v1.resources_pb2 import CustomObject


class CustomResources:
    def __init__(self, cache: Cache, sources: Sources) -> None:
        self._cache = cache
        self._sources = sources

    def complete(self, review: Review) -> None:
        if isinstance(review.obj, CustomResourceDefinition):
            self._settle(review.obj)
        elif review.operation == "create":
            self.definition_of(review)

    def check(self, review: Review) -> None:
        if isinstance(review.obj, CustomResourceDefinition) and review.subresource == "":
            _warn_of_rules(review.caller, review.obj)
        if isinstance(review.obj, CustomObject):
            if warning := custom_objects.deprecation(review.kind, review.obj.api_version):
                review.caller.warn(warning)
            review.obj.api_version = review.kind.stored_as  # once it has been judged by the rules of its own version

    def definition_of(self, review: Review) -> Record | None:
        """The definition that must not have changed when a new custom object is written; None for other objects. Raises
        NotFound, or MethodNotAllowed for a definition that is being deleted."""
        if not review.kind.is_custom:
            return None
        kind = self._cache.catalogue.by_resource(review.kind.resource)
        record = self._cache.of(registry.CUSTOM_RESOURCE_DEFINITIONS).get(Key("", review.kind.resource))
        if kind is None or record is None:
            raise errors.NotFound(
                f'no matches for kind "{review.kind.name}" in version "{review.kind.api_version}"', kind=review.kind.resource
            )
        _refuse_at_the_end(kind)
        return record

    def _settle(self, definition: CustomResourceDefinition) -> None:
        if not is_terminating(definition) and definitions.FINALIZER not in definition.metadata.finalizers:
            definition.metadata.finalizers.append(definitions.FINALIZER)
        definitions.settle(definition, self._others(definition.metadata.name), now=self._sources.now())

    def _others(self, name: str) -> Iterator[CustomResourceDefinition]:
        for record in self._cache.of(registry.CUSTOM_RESOURCE_DEFINITIONS).records():
            if record.key.name != name:
                yield cast("CustomResourceDefinition", record.message())


def _refuse_at_the_end(kind: Kind[Any]) -> None:
    if kind.definition is not None and is_terminating(kind.definition):
        raise errors.MethodNotAllowed(
            f"{kind.resource}: create not allowed while custom resource definition is terminating", kind=kind.resource
        )


def _warn_of_rules(caller: Caller, definition: CustomResourceDefinition) -> None:
    for index, version in enumerate(definition.spec.versions):
        if rules_in(version.schema.open_api_v3_schema):
            caller.warn(
                f"spec.versions[{index}].schema.openAPIV3Schema: x-kubernetes-validations are kept but not evaluated: this "
                "server has no CEL"
            )
