"""Server-side apply: what an object becomes when a manager says which fields it wants, and who owns them then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors
from controlplane.api.errors import Problem
from controlplane.api.patches import fieldsets, managers, merging
from controlplane.api.patches.fieldsets import NONE, FieldSet, Path
from controlplane.api.patches.managers import Manager, Managers, Share
from controlplane.api.patches.shapes import Shape

Doc = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    document: Doc
    managers: Managers


def apply(
    live: Doc, wanted: Doc, known: Managers, *, shape: Shape, manager: Manager, api_version: str, force: bool, now: float
) -> Applied:
    """`live` with the fields that `manager` wants, less those that it wanted before and nobody else owns.

    Raises Conflict, with every field that another manager would have to give up, unless `force` takes them.
    """
    merged = merging.merge(live, wanted, shape)
    fields = fieldsets.fields_in(wanted, shape)
    mine = known.get(manager)
    others = {other: share for other, share in known.items() if other != manager}
    if mine is not None and mine.fields:
        owned = fields.union(*(share.fields for share in others.values()))
        # What is wanted empty is there, even if it was emptied just now.
        merged = merging.merge(_pruned(merged, mine.fields, owned, shape), wanted, shape)
    difference = merging.compare(live, merged, shape)
    conflicts = {other: share.fields & difference.changed for other, share in others.items()}
    if not force and any(conflicts.values()):
        raise _conflict(others, conflicts)
    lost = difference.changed | difference.removed
    left = {other: _less(share, lost) for other, share in others.items()}
    left[manager] = _share(mine, managers.own(fields), api_version, now)
    return Applied(merged, {owner: share for owner, share in left.items() if share.fields})


def _less(share: Share, lost: FieldSet) -> Share:
    return Share(share.fields - lost, share.api_version, share.seconds)


def _share(before: Share | None, fields: FieldSet, api_version: str, now: float) -> Share:
    """The time moves only when something about the share does."""
    unchanged = before is not None and (before.fields, before.api_version) == (fields, api_version)
    return before if unchanged and before is not None else Share(fields, api_version, int(now))


def _pruned(merged: Doc, last: FieldSet, owned: FieldSet, shape: Shape) -> Any:
    """The document less what the manager applied last and nobody owns any more.

    What holds other fields stays with them, and so does everything that was never applied, unless it hangs on an item or an
    object that goes: then it goes with that.
    """

    everything, dropped, held = (
        fieldsets.with_named_parents(fields, shape) for fields in (fieldsets.fields_in(merged, shape), last, owned)
    )
    bare = _less_all_under(everything, dropped)
    supported = _less_all_under(everything, everything - bare - held)
    gone = (everything - supported) & dropped
    return merging.without(merged, fieldsets.tree(gone), shape) if gone else merged


def _less_all_under(fields: FieldSet, doomed: FieldSet) -> FieldSet:
    """The fields that are not among `doomed`, nor inside one of them."""
    return frozenset(
        path for path in fields if not any(path[:depth] in doomed for depth in range(1, len(path) + 1))
    )  # fmt: skip


def _conflict(others: Managers, conflicts: Mapping[Manager, FieldSet]) -> errors.Conflict:
    """In Kubernetes' words, with one cause for each field."""
    told: dict[str, list[Path]] = {}
    for other, fields in sorted(conflicts.items()):
        if fields:
            told[managers.told(other, others[other])] = sorted(fields)
    causes = [
        Problem(fieldsets.told(path), f"conflict with {owner}", "FieldManagerConflict")
        for owner, paths in told.items() for path in paths
    ]  # fmt: skip
    return errors.Conflict(_message(told, causes), problems=causes)


def _message(told: Mapping[str, list[Path]], causes: list[Problem]) -> str:
    if len(causes) == 1:
        return f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].path}"
    parts = [
        "\n".join([f"conflicts with {owner}:", *(f"- {fieldsets.told(path)}" for path in paths)])
        for owner, paths in told.items()
    ]  # fmt: skip
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(parts)


def before_first_apply(document: Doc, *, shape: Shape, api_version: str, without: FieldSet = NONE, now: float) -> Managers:
    """All there is belongs to one manager, where nobody kept the record so far."""
    fields = managers.own(merging.compare({}, document, shape).changed, without=without)
    first = managers.updater(managers.BEFORE_FIRST_APPLY, api_version)
    return {first: Share(fields, api_version, int(now))} if fields else {}
