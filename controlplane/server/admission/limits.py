"""Limit ranges: defaults for new pods, bounds for pods and claims."""

from __future__ import annotations

from typing import cast

from controlplane.api import limits, registry
from controlplane.server.admission.review import Review, forbidden
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core


class LimitRanger:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        if review.operation == "create" and isinstance(review.obj, core.Pod):
            limits.fill_pod(review.obj, self._ranges(review.key.namespace))

    def check(self, review: Review) -> None:
        problems = [] if review.subresource else self._problems(review)
        if problems:
            raise forbidden(review, limits.told(problems))

    def _problems(self, review: Review) -> list[str]:
        if isinstance(review.obj, core.Pod) and review.operation == "create":
            return limits.pod_problems(review.obj, self._ranges(review.key.namespace))
        if isinstance(review.obj, core.PersistentVolumeClaim):
            return limits.claim_problems(review.obj, self._ranges(review.key.namespace))
        return []

    def _ranges(self, namespace: str) -> list[core.LimitRange]:
        records = self._cache.of(registry.LIMIT_RANGES).records(namespace)
        return [cast("core.LimitRange", record.message()) for record in records]
