"""Default classes of storage and ingress, and which claims may grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from controlplane.api import pod_amounts, registry
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server.admission.review import Review, forbidden
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core
from protos.v1 import networking_pb2 as networking
from protos.v1 import storage_pb2 as storage

_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
_INGRESS_CLASS = "kubernetes.io/ingress.class"
_DEFAULT_STORAGE = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_DEFAULT_INGRESS = ("ingressclass.kubernetes.io/is-default-class",)


class DefaultClasses:
    """A class that an object leaves open becomes the cluster's default one; of several, the newest."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        if review.operation != "create":
            return
        if isinstance(review.obj, core.PersistentVolumeClaim):
            claim = review.obj
            if not claim.spec.HasField("storage_class_name") and _STORAGE_CLASS not in claim.metadata.annotations:
                chosen = self._default(registry.STORAGE_CLASSES, _DEFAULT_STORAGE)
                if chosen is not None:
                    claim.spec.storage_class_name = chosen
        elif isinstance(review.obj, networking.Ingress):
            ingress = review.obj
            if not ingress.spec.HasField("ingress_class_name") and _INGRESS_CLASS not in ingress.metadata.annotations:
                chosen = self._default(registry.INGRESS_CLASSES, _DEFAULT_INGRESS)
                if chosen is not None:
                    ingress.spec.ingress_class_name = chosen

    def check(self, review: Review) -> None:
        pass

    def _default(self, kind: Kind[Any], annotations: tuple[str, ...]) -> str | None:
        classes = list(self._marked(kind, annotations))
        classes.sort(key=lambda one: (-one.metadata.creation_timestamp.seconds, one.metadata.name))
        return classes[0].metadata.name if classes else None

    def _marked(self, kind: Kind[Any], annotations: tuple[str, ...]) -> Iterator[ApiObject]:
        for record in self._cache.of(kind).records():
            found = record.message()
            if any(found.metadata.annotations.get(annotation) == "true" for annotation in annotations):
                yield found


class ClaimResize:
    """Only bound claims grow, and only where their class says that they can."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        pass

    def check(self, review: Review) -> None:
        new, old = review.obj, review.old
        if not isinstance(new, core.PersistentVolumeClaim) or not isinstance(old, core.PersistentVolumeClaim):
            return
        if review.subresource or _size(new) <= _size(old):
            return
        if old.status.phase != "Bound":
            raise forbidden(review, "Only bound persistent volume claims can be expanded")
        if not self._may_grow(old):
            raise forbidden(
                review,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
                "resize",
            )

    def _may_grow(self, claim: core.PersistentVolumeClaim) -> bool:
        name = claim.metadata.annotations.get(_STORAGE_CLASS) or claim.spec.storage_class_name
        found = self._cache.of(registry.STORAGE_CLASSES).get(Key("", name))
        return found is not None and cast("storage.StorageClass", found.message()).allow_volume_expansion


def _size(claim: core.PersistentVolumeClaim) -> Any:
    return pod_amounts.read(claim.spec.resources.requests).get("storage", 0)
