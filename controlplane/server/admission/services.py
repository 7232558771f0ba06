"""Gives services their addresses and ports, and says which are taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from controlplane.api import errors, registry
from controlplane.api.errors import Problem
from controlplane.api.objects import ApiObject, key_of
from controlplane.server.admission import addresses
from controlplane.server.sources import Sources
from controlplane.store.cache import Cache
from controlplane.store.store import Claim
from protos.v1 import core_pb2 as core


class ServiceAddresses:
    def __init__(self, cache: Cache, ranges: addresses.Ranges, sources: Sources) -> None:
        self._cache = cache
        self._ranges = ranges
        self._sources = sources

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
        for record in self._cache.of(registry.SERVICES).records():
            if record.key != key_of(service):
                yield cast("core.Service", record.message())
