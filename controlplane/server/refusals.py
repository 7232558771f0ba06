"""Refusals that several verbs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.api import errors
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key, key_of


def refuse(kind: Kind[Any], obj: ApiObject, problems: Sequence[errors.Problem]) -> None:
    """Raises Invalid if there are problems."""
    if problems:
        raise errors.invalid(kind.resource, key_of(obj).name, problems)


def stale(kind: Kind[Any], key: Key, seen: str, stored: str) -> errors.Conflict:
    return errors.Conflict(
        f'Operation cannot be fulfilled on {kind.resource} "{key.name}": the object has been modified (it is at resource '
        f"version {stored}, not {seen}); please apply your changes to the latest version and try again",
        kind=kind.resource,
        name=key.name,
    )


def too_busy(kind: Kind[Any], key: Key) -> errors.Conflict:
    return errors.Conflict(
        f'{kind.resource} "{key.name}" keeps changing under the write; try again', kind=kind.resource, name=key.name
    )
