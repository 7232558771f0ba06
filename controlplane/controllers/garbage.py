"""Garbage: objects whose owners are gone go too; they stay if the owner was deleted with its dependents orphaned, and go
first if it was deleted in the foreground.

A view may show a dependent before its owner, so an owner counts as gone only once the store itself says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from controlplane.api import objects, registry
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.controllers.plan import NOTHING, Absent, Delete, Guard, Plan, Update, Write, plan_of
from controlplane.controllers.view import OWNED_BY, View
from protos.v1 import meta_pb2 as meta

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"

# Events are about objects, they do not belong to them.
COLLECTED: tuple[Kind[Any], ...] = tuple(kind for kind in registry.STORED if kind is not registry.EVENTS)


class Ref(NamedTuple):
    """Names an object among those of all kinds."""

    resource: str
    key: Key


def ref_of(obj: ApiObject, view: View) -> Ref:
    return Ref(view.catalogue.kind_of(obj).resource, objects.key_of(obj))


def plan_garbage(ref: Ref, view: View, _now: float) -> Plan:
    kind = view.catalogue.by_resource(ref.resource)
    obj: ApiObject | None = view.get(kind, ref.key.name, ref.key.namespace) if kind is not None else None
    if obj is None:
        return NOTHING
    if objects.is_terminating(obj):
        if ORPHAN in obj.metadata.finalizers:
            return _orphan_dependents(obj, view)
        return _delete_dependents(obj, view) if FOREGROUND in obj.metadata.finalizers else NOTHING
    return _leave_or_go(obj, view) if obj.metadata.owner_references else NOTHING


def dependents_of(uid: str, view: View) -> list[ApiObject]:
    return [obj for kind in (*COLLECTED, *view.catalogue.custom) for obj in view.select(kind, OWNED_BY, uid)]


def _orphan_dependents(owner: ApiObject, view: View) -> Plan:
    dependents = dependents_of(owner.metadata.uid, view)
    if not dependents:
        return plan_of(_without_finalizer(owner, ORPHAN))
    return Plan(tuple(_without_owners(obj, {owner.metadata.uid}) for obj in dependents))


def _delete_dependents(owner: ApiObject, view: View) -> Plan:
    dependents = dependents_of(owner.metadata.uid, view)
    if not any(_blocks(obj, owner) for obj in dependents):
        return plan_of(_without_finalizer(owner, FOREGROUND))
    doomed = [obj for obj in dependents if not objects.is_terminating(obj)]
    return Plan(tuple(
        Delete(obj, propagation="Foreground" if dependents_of(obj.metadata.uid, view) else "Background") for obj in doomed
    ))  # fmt: skip


def _blocks(obj: ApiObject, owner: ApiObject) -> bool:
    references = obj.metadata.owner_references
    return any(reference.uid == owner.metadata.uid and reference.block_owner_deletion for reference in references)


def _leave_or_go(obj: ApiObject, view: View) -> Plan:
    gone = [reference for reference in obj.metadata.owner_references if not _may_exist(reference, obj, view)]
    if not gone:
        return NOTHING
    guards: tuple[Guard, ...] = tuple(_absent(reference, obj, view) for reference in gone)
    if len(gone) == len(obj.metadata.owner_references):
        return plan_of(Delete(obj, propagation="Background", guards=guards))
    return plan_of(_without_owners(obj, {reference.uid for reference in gone}, guards))


def _owner_place(reference: meta.OwnerReference, obj: ApiObject, view: View) -> tuple[Kind[Any], Key] | None:
    """Where the owner is, or would be; None for a kind that this API does not know."""
    kind = view.catalogue.by_type(reference.api_version, reference.kind)
    if kind is None:
        return None
    return kind, Key(obj.metadata.namespace if kind.namespaced else "", reference.name)


def _may_exist(reference: meta.OwnerReference, obj: ApiObject, view: View) -> bool:
    place = _owner_place(reference, obj, view)
    if place is None:
        return True
    owner: ApiObject | None = view.get(place[0], place[1].name, place[1].namespace)
    return owner is not None and owner.metadata.uid == reference.uid


def _absent(reference: meta.OwnerReference, obj: ApiObject, view: View) -> Absent:
    place = _owner_place(reference, obj, view)
    assert place is not None
    return Absent(place[0], place[1], reference.uid)


def _without_owners(obj: ApiObject, uids: set[str], guards: Sequence[Guard] = ()) -> Write:
    fresh = objects.copy_of(obj)
    kept = [reference for reference in obj.metadata.owner_references if reference.uid not in uids]
    del fresh.metadata.owner_references[:]
    fresh.metadata.owner_references.extend(kept)
    return Update(fresh, guards=tuple(guards))


def _without_finalizer(obj: ApiObject, finalizer: str) -> Write:
    fresh = objects.copy_of(obj)
    fresh.metadata.finalizers.remove(finalizer)
    return Update(fresh)


def concerned(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Ref]:
    """The objects to look at again after a change of one."""
    if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
        yield from (ref_of(obj, view) for obj in dependents_of(old.metadata.uid, view))
    if old is not None and (new is None or _bonds(old) != _bonds(new)):
        yield from _owners_waiting_for(old, view)
    if new is not None and (old is None or _bonds(old) != _bonds(new)) and _bonds(new) != _UNBOUND:
        yield ref_of(new, view)


def _owners_waiting_for(obj: ApiObject, view: View) -> Iterable[Ref]:
    for reference in obj.metadata.owner_references:
        place = _owner_place(reference, obj, view)
        if place is None:
            continue
        owner: ApiObject | None = view.get(place[0], place[1].name, place[1].namespace)
        if owner is not None and objects.is_terminating(owner):
            yield ref_of(owner, view)


def _bonds(obj: ApiObject) -> tuple[object, ...]:
    """All of an object that matters here."""
    metadata = obj.metadata
    owners = tuple((reference.uid, reference.block_owner_deletion) for reference in metadata.owner_references)
    held = objects.is_terminating(obj) and tuple(metadata.finalizers)
    return owners, held


_UNBOUND = ((), False)
