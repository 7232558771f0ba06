"""What a new object needs from the cluster it comes into: its namespace, its addresses, what every pod gets.

Decisions are taken on the watch cache; where that may lag, the store's conditions hold the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from controlplane.api import defaults, errors, registry
from controlplane.api.errors import Problem
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.registry import Kind
from controlplane.server import addresses
from controlplane.server.sources import Sources
from controlplane.store.records import Record
from controlplane.store.store import Claim, Store
from protos.v1 import core_pb2 as core


class Admission:
    def __init__(self, store: Store, ranges: addresses.Ranges, sources: Sources) -> None:
        self._store = store
        self._ranges = ranges
        self._sources = sources

    def complete(self, obj: ApiObject) -> None:
        """Adds what every new object of its kind gets."""
        if isinstance(obj, core.Pod):
            defaults.default_tolerations(obj)

    async def namespace_of(self, kind: Kind[Any], obj: ApiObject, *, newest: bool) -> Record | None:
        """The namespace that a new object comes into, which must not have changed when the object is written; None for
        kinds without one. Raises NotFound, or Forbidden for a namespace that is being deleted."""
        if not kind.namespaced:
            return None
        namespace = obj.metadata.namespace
        key = Key("", namespace)
        found = None if newest else self._store.cache.of(registry.NAMESPACES).get(key)
        found = found or await self._store.get(registry.NAMESPACES, key)
        if found is None:
            raise errors.not_found(registry.NAMESPACES.resource, namespace)
        if cast("core.Namespace", found.message()).status.phase == "Terminating":
            raise errors.Forbidden(
                f'{kind.resource} "{obj.metadata.name}" is forbidden: namespace {namespace} is being terminated; '
                "use another one",
                kind=kind.resource,
                name=obj.metadata.name,
            )
        return found

    def allocate(self, obj: ApiObject, old: ApiObject | None) -> None:
        """Gives a service its addresses; raises Invalid for values out of range."""
        if not isinstance(obj, core.Service):
            return
        problems = addresses.problems_of(obj, self._ranges)
        if problems:
            raise errors.invalid(registry.SERVICES.resource, obj.metadata.name, problems)
        before = old if isinstance(old, core.Service) else None
        try:
            addresses.allocate(obj, before, self._others(obj), self._ranges, self._sources.chance)
        except addresses.ExhaustedError as error:
            raise errors.Invalid(f'services "{obj.metadata.name}": {error}', kind="services") from error

    def claims(self, obj: ApiObject) -> set[Claim]:
        return addresses.claims_of(obj) if isinstance(obj, core.Service) else set()

    def taken(self, obj: ApiObject) -> list[Problem]:
        """Which of the values that the object names belong to another."""
        if not isinstance(obj, core.Service):
            return []
        wanted = {(claim.pool, claim.value) for claim in addresses.claims_of(obj)}
        problems = []
        for other in self._others(obj):
            for claim in addresses.claims_of(other):
                if (claim.pool, claim.value) in wanted:
                    what = "spec.clusterIP" if claim.pool == addresses.ADDRESSES else "spec.ports[].nodePort"
                    value = claim.value.split("-")[0]
                    text = f"Invalid value: {value}: provided value is already allocated to service {claim.owner}"
                    problems.append(Problem(what, text))
        return problems

    def _others(self, service: core.Service) -> Iterator[core.Service]:
        for record in self._store.cache.of(registry.SERVICES).records():
            if record.key != key_of(service):
                yield cast("core.Service", record.message())
