"""Which objects belong to a controller: those it owns and still selects, plus matching orphans.

An orphan is adopted only while its new owner is certainly alive: an owner deleted with its dependents orphaned must not grab
them back from a view that does not show the deletion yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlplane.api import objects
from controlplane.api.labels import Selector
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import kind_of
from controlplane.controllers.plan import Update, alive
from protos.v1 import meta_pb2 as meta


def claims(owner: ApiObject, selector: Selector, *, owned: Iterable[T], orphans: Iterable[T]) -> Sequence[Update]:
    """The writes that release what is no longer selected and adopt what is; empty when all is in order."""
    if objects.is_terminating(owner):
        return ()
    released = [_release(owner, obj) for obj in owned if not selector.matches(obj.metadata.labels)]
    adopted = [
        _adopt(owner, obj)
        for obj in orphans
        if selector.matches(obj.metadata.labels) and not objects.is_terminating(obj)
    ]  # fmt: skip
    return (*released, *adopted)


def reference_to(owner: ApiObject) -> meta.OwnerReference:
    kind = kind_of(owner)
    return objects.owner_reference(owner, api_version=kind.api_version, kind=kind.name)


def _adopt(owner: ApiObject, obj: ApiObject) -> Update:
    fresh = objects.copy_of(obj)
    fresh.metadata.owner_references.append(reference_to(owner))
    return Update(fresh, guards=(alive(owner),))


def _release(owner: ApiObject, obj: ApiObject) -> Update:
    fresh = objects.copy_of(obj)
    kept = [reference for reference in obj.metadata.owner_references if reference.uid != owner.metadata.uid]
    del fresh.metadata.owner_references[:]
    fresh.metadata.owner_references.extend(kept)
    return Update(fresh)
