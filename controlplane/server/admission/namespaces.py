"""Nothing comes into a namespace that does not exist or is on its way out."""

from __future__ import annotations

from controlplane.api import errors, registry
from controlplane.api.objects import Key
from controlplane.server.admission.review import Review
from controlplane.store.cache import Cache
from controlplane.store.records import Record

_KEPT = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        if review.operation == "create" and review.kind.namespaced:
            self.namespace_of(review)
        if review.operation == "delete" and review.kind is registry.NAMESPACES and review.key.name in _KEPT:
            raise errors.Forbidden(f'namespaces "{review.key.name}" is forbidden: this namespace may not be deleted')

    def check(self, review: Review) -> None:
        pass

    def namespace_of(self, review: Review) -> Record:
        """The namespace that a new object comes into; it must not have changed when the object is written. Raises NotFound,
        or Forbidden for a namespace that is being deleted."""
        kind, name = review.kind, review.key.namespace
        found = self._cache.of(registry.NAMESPACES).get(Key("", name))
        if found is None:
            raise errors.not_found(registry.NAMESPACES.resource, name)
        if found.field("status.phase") == "Terminating":
            raise errors.Forbidden(
                f'{kind.resource} "{review.key.name}" is forbidden: namespace {name} is being terminated; use another one',
                kind=kind.resource,
                name=review.key.name,
            )
        return found
