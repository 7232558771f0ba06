"""Pods of one template come in great numbers: what defaults, admission and the rules made of one is kept, and used again.

That is right as long as nothing that they look at has changed: the namespace's objects below, which the watch cache counts,
and what is in the key. A pod that was warned of is worked out each time, so that each writer hears it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from controlplane.api import registry
from controlplane.api.kind import Kind
from controlplane.api.remembering import LONGEST, Remembered
from controlplane.server.admission.review import Review
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core

_LOOKED_AT = (
    registry.NAMESPACES, registry.SERVICE_ACCOUNTS, registry.LIMIT_RANGES, registry.PRIORITY_CLASSES,
)  # fmt: skip
_COMPONENTS = "system:"  # who is not warned of fields without effect


class AdmittedSpecs:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._made: Remembered[tuple[bytes, Mapping[str, str]]] = Remembered()

    def key_of(self, review: Review) -> Hashable | None:
        """What the outcome depends on; None for a write whose outcome is not kept. Taken before anything is filled in."""
        pod, user = review.obj, review.caller.user
        if not isinstance(pod, core.Pod) or review.operation != "create" or user.node:
            return None
        metadata = pod.metadata
        if metadata.generation or metadata.finalizers or pod.ByteSize() > LONGEST:
            return None
        return (
            review.key.namespace,
            tuple([self._state_of(kind) for kind in _LOOKED_AT]),
            user.name.startswith(_COMPONENTS),
            metadata.generate_name,
            tuple(sorted(metadata.labels.items())),
            tuple(sorted(metadata.annotations.items())),
            tuple([owner.SerializeToString() for owner in metadata.owner_references]),
            pod.spec.SerializeToString(),
        )

    def _state_of(self, kind: Kind[Any]) -> tuple[int, int]:
        """Another after every change. A kind that is read anew counts from the start, but from a later revision."""
        log = self._cache.of(kind).log
        return log.since, log.end

    def recall(self, review: Review, key: Hashable | None) -> bool:
        """Gives the pod the spec, and the annotations, that were made for its like; False if there was none."""
        made = None if key is None else self._made.get(key)
        if made is None or not isinstance(review.obj, core.Pod):
            return False
        spec, annotations = made
        review.obj.spec.ParseFromString(spec)
        review.obj.metadata.annotations.update(annotations)
        return True

    def keep(self, review: Review, key: Hashable | None) -> None:
        """Remembers what the pod has become."""
        if key is not None and isinstance(review.obj, core.Pod) and not review.caller.warnings:
            self._made.put(key, (review.obj.spec.SerializeToString(), dict(review.obj.metadata.annotations)))
