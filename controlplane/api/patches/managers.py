"""Who manages which fields of an object: `metadata.managedFields`, as one entry for each manager and way of writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controlplane.api import times
from controlplane.api.patches import fieldsets
from controlplane.api.patches.fieldsets import NONE, FieldSet
from controlplane.api.patches.merging import Difference
from protos.v1 import meta_pb2 as meta

APPLY, UPDATE = "Apply", "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
ANCIENT_CHANGES = "ancient-changes"
_FIELDS_V1 = "FieldsV1"
_LAST_SECOND = 253_402_300_799  # of the year 9999
# Entries of updates beyond this number share one, so that an object that many clients write does not grow without end.
_MOST_UPDATERS = 10
_METADATA = fieldsets.field("metadata")
# What the server alone sets belongs to no manager.
_SERVERS_OWN = frozenset(
    [(fieldsets.field(name),) for name in ("apiVersion", "kind", "metadata")]
    + [(_METADATA, fieldsets.field(name)) for name in (
        "name", "generateName", "namespace", "uid", "creationTimestamp", "selfLink", "generation", "resourceVersion",
        "deletionTimestamp", "deletionGracePeriodSeconds")]
)  # fmt: skip


class Manager(NamedTuple):
    """Appliers have one entry whatever version they write in; so their `api_version` is left out here."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """The fields of a manager, in terms of `api_version`, since `seconds` since the epoch."""

    fields: FieldSet
    api_version: str
    seconds: int


Managers = Mapping[Manager, Share]


def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    return Manager(name, UPDATE, api_version, subresource)


def applier(name: str, subresource: str = "") -> Manager:
    return Manager(name, APPLY, "", subresource)


def read(entries: Iterable[meta.ManagedFieldsEntry]) -> dict[Manager, Share]:
    """Raises ValueError for entries that make no sense."""
    managers: dict[Manager, Share] = {}
    for entry in entries:
        if entry.operation not in (APPLY, UPDATE) or entry.fields_type != _FIELDS_V1:
            raise ValueError(f"an entry needs operation {APPLY} or {UPDATE} and fieldsType {_FIELDS_V1}")
        if not 0 <= entry.time.seconds <= _LAST_SECOND:
            raise ValueError(f"an entry's time cannot be {entry.time.seconds} seconds after 1970")
        version = "" if entry.operation == APPLY else entry.api_version
        manager = Manager(entry.manager, entry.operation, version, entry.subresource)
        fields = fieldsets.from_json(entry.fields_v1.raw)
        managers[manager] = Share(fields, entry.api_version, entry.time.seconds)
    return managers


def is_reset(entries: Sequence[meta.ManagedFieldsEntry]) -> bool:
    """Whether this is the list by which a client asks to forget all managers: one entry without content."""
    return len(entries) == 1 and entries[0].ByteSize() == 0


def write(managers: Managers) -> list[meta.ManagedFieldsEntry]:
    """The entries: appliers first, then updaters by time."""
    ordered = sorted(managers.items(), key=lambda item: (item[0].operation, item[1].seconds, item[0]))
    return [_entry(manager, share) for manager, share in ordered if share.fields]


def _entry(manager: Manager, share: Share) -> meta.ManagedFieldsEntry:
    return meta.ManagedFieldsEntry(
        manager=manager.name,
        operation=manager.operation,
        api_version=share.api_version,
        time=times.to_time(share.seconds) if share.seconds else None,
        fields_type=_FIELDS_V1,
        fields_v1=meta.FieldsV1(raw=fieldsets.to_json(share.fields)),
        subresource=manager.subresource,
    )


def told(manager: Manager, share: Share) -> str:
    """`"kubectl-edit" using apps/v1 at 2026-01-02T15:04:05Z`"""
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    if manager.operation == APPLY:
        return text
    return f"{text} using {share.api_version}" + (f" at {_moment(share.seconds)}" if share.seconds else "")


def _moment(seconds: int) -> str:
    return times.format_time(meta.Time(seconds=seconds)) or ""


def own(fields: FieldSet, *, without: FieldSet = NONE) -> FieldSet:
    """The fields that a manager may own: none of the server's, and nothing under a path in `without`."""
    mine = fields - _SERVERS_OWN
    return frozenset(path for path in mine if path[:1] not in without) if without else mine


def after_update(
    managers: Managers, difference: Difference, writer: Manager, *, without: FieldSet = NONE, now: float
) -> dict[Manager, Share]:
    """Who manages what once `writer` has made the difference: what it changed is its own alone."""
    taken = own(difference.changed, without=without)
    lost = difference.changed | difference.removed
    result = {manager: _less(share, lost) for manager, share in managers.items()}
    if taken:
        before = result.get(writer)
        fields = before.fields | taken if before else taken
        # Somebody who writes the same fields again and again changes nothing about who owns them.
        same = writer in managers and managers[writer].fields == fields
        result[writer] = managers[writer] if same else Share(fields, writer.api_version, int(now))
    return _bounded({manager: share for manager, share in result.items() if share.fields})


def _less(share: Share, lost: FieldSet) -> Share:
    return share if share.fields.isdisjoint(lost) else Share(share.fields - lost, share.api_version, share.seconds)


def _bounded(managers: dict[Manager, Share]) -> dict[Manager, Share]:
    updaters = sorted(
        (manager for manager in managers if manager.operation == UPDATE),
        key=lambda manager: (managers[manager].seconds, manager),
    )  # fmt: skip
    if len(updaters) <= _MOST_UPDATERS:
        return managers
    # One place is for the entry that the oldest ones go into.
    for old in updaters[: len(updaters) - _MOST_UPDATERS + 1]:
        share = managers.pop(old)
        ancient = updater(ANCIENT_CHANGES, old.api_version)
        before = managers.get(ancient)
        fields = before.fields | share.fields if before else share.fields
        managers[ancient] = Share(fields, old.api_version, max(share.seconds, before.seconds if before else 0))
    return managers
