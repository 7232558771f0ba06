"""Kinds that only the server knows, as users have defined them.

It is asked when a word or a manifest names a kind that is not in the table, once for each command. Where it cannot be asked,
there are none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from console.cli.session import Settings
from console.kubeconfig import KubeconfigError
from controlplane.api import errors, registry
from controlplane.api import served as kinds
from controlplane.api.registry import Kind


def custom() -> list[Kind[Any]]:
    """The kinds that users have defined."""
    return [kind for kind in _settings_kinds() if kind.is_custom]


def by_word(word: str) -> Kind[Any] | None:
    """The kind that a person means, with the columns that its definition gives it."""
    kind = kinds.by_word(custom(), word)
    return None if kind is None else _with_definition(kind)


def by_type(api_version: str, name: str) -> Kind[Any] | None:
    """The kind for a manifest's `apiVersion` and `kind`."""
    return kinds.by_type(custom(), api_version, name)


def of_category(category: str) -> list[Kind[Any]]:
    return [_with_definition(kind) for kind in custom() if category in kind.categories]


def _settings() -> Settings | None:
    context = click.get_current_context(silent=True)
    return None if context is None else context.find_object(Settings)


def _settings_kinds() -> Sequence[Kind[Any]]:
    settings = _settings()
    try:
        return () if settings is None else settings.served
    except (errors.StatusError, KubeconfigError, OSError):
        return ()


def _with_definition(kind: Kind[Any]) -> Kind[Any]:
    """Who may not read definitions sees names and ages."""
    settings = _settings()
    assert settings is not None
    try:
        definition = settings.ask(lambda client: client.get(registry.CUSTOM_RESOURCE_DEFINITIONS, kind.resource))
    except errors.StatusError:
        return kind
    return dataclasses.replace(kind, definition=definition)
