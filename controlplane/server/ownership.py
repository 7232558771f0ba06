"""Keeps `metadata.managedFields`: which manager set which field by which write.

An object is tracked from when a writer names a manager. Until then its writes cost nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import codec
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject
from controlplane.api.patches import applying, fieldsets, managers, merging, shapes
from controlplane.api.patches.fieldsets import NONE, FieldSet
from controlplane.api.patches.managers import Manager, Managers, Share
from protos.v1 import meta_pb2 as meta

_STATUS: FieldSet = frozenset([(fieldsets.field("status"),)])
_SPEC: FieldSet = frozenset([(fieldsets.field("spec"),)])


def document_of(kind: Kind[Any], obj: ApiObject) -> dict[str, Any]:
    """The object as JSON, less what is written about its managers."""
    document = codec.to_dict(kind, obj)
    document["metadata"].pop("managedFields", None)
    return document


def managers_of(entries: Iterable[meta.ManagedFieldsEntry]) -> dict[Manager, Share]:
    """Nobody, for entries that make no sense."""
    try:
        return managers.read(entries)
    except ValueError:
        return {}


def known_managers(kind: Kind[Any], old: ApiObject, document: dict[str, Any], now: float) -> Managers:
    """The managers of a stored object, one for all that is there if nobody kept the record so far."""
    return managers_of(old.metadata.managed_fields) or applying.before_first_apply(
        document, shape=shapes.of_kind(kind), api_version=kind.api_version, without=_others(kind, ""), now=now
    )


def _others(kind: Kind[Any], subresource: str) -> FieldSet:
    """What a write through this part of the object cannot own."""
    if subresource == "status":
        return _SPEC
    return _STATUS if not subresource and kind.has_status else NONE


def put(obj: ApiObject, known: Managers) -> None:
    entries = managers.write(known)
    del obj.metadata.managed_fields[:]
    obj.metadata.managed_fields.extend(entries)


def record_new(kind: Kind[Any], obj: ApiObject, owners: str | Managers, now: float) -> None:
    """Makes the named manager the owner of all that a new object has, or each of several of what is its own."""
    if not isinstance(owners, str):
        put(obj, owners)
        return
    difference = merging.compare({}, document_of(kind, obj), shapes.of_kind(kind))
    writer = managers.updater(owners, kind.api_version)
    put(obj, managers.after_update({}, difference, writer, without=_others(kind, ""), now=now))


def track(kind: Kind[Any], old: ApiObject, new: ApiObject, *, manager: str, user: str, subresource: str, now: float) -> None:
    """Records in `new`, which carries the entries that its writer sent, who owns what after it takes the place of `old`.

    The entries that count are the writer's, if they make sense, else the stored ones; a single empty one forgets them all.
    """
    sent, stored = new.metadata.managed_fields, old.metadata.managed_fields
    if not (manager or sent or stored):
        return
    reset = managers.is_reset(sent)
    kept = {} if reset else managers_of(sent) or managers_of(stored)
    if not (manager or kept or reset):
        del new.metadata.managed_fields[:]
        return
    before, shape = document_of(kind, old), shapes.of_kind(kind)
    known = kept if kept or reset else known_managers(kind, old, before, now)
    difference = merging.compare(before, document_of(kind, new), shape)
    writer = managers.updater(manager or user, kind.api_version, subresource)
    result = managers.after_update(known, difference, writer, without=_others(kind, subresource), now=now)
    if result == managers_of(stored):
        del new.metadata.managed_fields[:]
        new.metadata.managed_fields.extend(stored)
    else:
        put(new, result)
