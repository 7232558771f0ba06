"""The title of a list: kind, namespace, filter, how many; and what stands in place of rows while there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from console.tui.model.sanitize import clean
from console.tui.model.spans import EMPTY, Line, Span, spread
from console.tui.model.store import Store
from console.tui.model.views import Scope
from controlplane.api.registry import Kind


class Listed(Protocol):
    """What there is to tell about a list."""

    kind: Kind[Any]
    namespace: str
    scope: Scope | None
    query_text: str
    only_faults: bool
    is_synced: bool
    store: Store


def title_line(of: Listed, favourites: Sequence[str], cells: int) -> Line:
    told = [Span(f" {of.kind.plural}  ", "strong"), *_where(of)]
    if of.query_text:
        told += [Span("filter:", "dim"), Span(f"/{clean(of.query_text)}  ", "accent")]
    if of.only_faults:
        told.append(Span("only faults  ", "wait"))
    if of.is_synced:
        told.append(Span(_count(of.store), "dim"))
    if of.store.picked:
        told.append(Span(f"  {len(of.store.picked)} marked", "accent"))
    return spread(tuple(told), _favourites(of, favourites), cells)


def empty_text(of: Listed) -> str:
    if not of.is_synced:
        return "loading …"
    if of.store.total:
        return (
            f"nothing matches /{clean(of.query_text)}; esc shows all"
            if of.query_text
            else "nothing is at fault; esc shows all"
        )
    if not of.kind.namespaced:
        return f"no {of.kind.plural}"
    place = of.scope.label if of.scope is not None else of.namespace and f"namespace {of.namespace}"
    return f"no {of.kind.plural} in {clean(place or 'any namespace')}"


def _where(of: Listed) -> Line:
    if of.scope is not None:
        return (Span("of ", "dim"), Span(f"{clean(of.scope.label)}  ", "accent"))
    if not of.kind.namespaced:
        return EMPTY
    return (Span("ns:", "dim"), Span(f"{clean(of.namespace) or 'all'}  "))


def _count(store: Store) -> str:
    return f"{len(store)} of {store.total}" if len(store) != store.total else str(store.total)


def _favourites(of: Listed, names: Sequence[str]) -> Line:
    """`<0> all  <1> default`"""
    if not of.kind.namespaced or of.scope is not None:
        return EMPTY
    spans: list[Span] = []
    for number, name in enumerate(("", *names)):
        here = of.namespace == name
        spans += [Span(f"<{number}>", "accent" if here else "faint"),
                  Span(f" {clean(name) or 'all'} ", "plain" if here else "dim")]  # fmt: skip
    return tuple(spans)
