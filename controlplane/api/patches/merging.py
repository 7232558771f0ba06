"""Documents merged, compared and cut by the rules of server-side apply (Kubernetes' structured merge and diff).

Nothing given is changed; results share parts with what was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.api.errors import Problem
from controlplane.api.patches import fieldsets
from controlplane.api.patches.fieldsets import MEMBER, FieldSet, Path, Tree, elements
from controlplane.api.patches.shapes import Shape
from controlplane.api.quantity import canonical

Doc = Mapping[str, Any]

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """`changed` are the fields that were added or have other values, `removed` those that are gone."""

    changed: FieldSet
    removed: FieldSet


def merge(live: Any, wanted: Any, shape: Shape) -> Any:
    """`live` with all that `wanted` says: its fields, and its items by their keys."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping) and not shape.atomic:
        merged = dict(live)
        for name, value in wanted.items():
            merged[name] = merge(live.get(name), value, shape.of(name))
        return merged
    if isinstance(live, list) and isinstance(wanted, list) and shape.list_type != "atomic":
        return _merge_items(elements(live, shape), elements(wanted, shape), shape.of_items)
    return wanted


def _merge_items(live: Sequence[tuple[str, Any]], wanted: Sequence[tuple[str, Any]], shape: Shape) -> list[Any]:
    """The wanted items in their order, and among them those that only `live` has, in their places."""
    present, chosen = dict(live), dict(wanted)
    shared = iter([step for step, _ in wanted if step in present])
    next_shared = next(shared, None)
    merged: list[Any] = []
    position = 0
    for step, item in wanted:
        # What stands before the item in the live list goes before it; what both have waits for its own turn.
        while position < len(live) and live[position][0] != next_shared:
            if live[position][0] not in chosen:
                merged.append(live[position][1])
            position += 1
        merged.append(merge(present[step], item, shape) if step in present else item)
        if step == next_shared:
            next_shared = next(shared, None)
            position += 1
    return merged + [item for step, item in live[position:] if step not in chosen]


def compare(old: Any, new: Any, shape: Shape) -> Difference:
    changed: set[Path] = set()
    removed: set[Path] = set()
    _compare(old, new, shape, (), changed, removed)
    return Difference(frozenset(changed), frozenset(removed))


def _compare(old: Any, new: Any, shape: Shape, path: Path, changed: set[Path], removed: set[Path]) -> None:
    if old is not _MISSING and new is not _MISSING and old == new:
        return
    known = new if old is _MISSING else old
    other = old if old is _MISSING else new
    if isinstance(known, Mapping) and not shape.atomic and (other is _MISSING or isinstance(other, Mapping)):
        before, after = _parts(old), _parts(new)
        for name in {**before, **after}:
            _compare(before.get(name, _MISSING), after.get(name, _MISSING), shape.of(name), (*path, f"f:{name}"),
                     changed, removed)  # fmt: skip
    elif isinstance(known, list) and shape.list_type != "atomic" and (other is _MISSING or isinstance(other, list)):
        before, after = _items(old, shape), _items(new, shape)
        for step in {**before, **after}:
            _compare(before.get(step, _MISSING), after.get(step, _MISSING), shape.of_items, (*path, step), changed, removed)
    elif old is not _MISSING and new is not _MISSING:
        changed.add(path)
    if old is _MISSING:
        changed.add(path)
    elif new is _MISSING:
        removed.add(path)


def _parts(value: Any) -> Doc:
    return {} if value is _MISSING else value


def _items(value: Any, shape: Shape) -> dict[str, Any]:
    return {} if value is _MISSING else dict(elements(value, shape))


def without(value: Any, doomed: Tree, shape: Shape) -> Any:
    """The value less the fields in `doomed`; an object or list that is emptied by it goes too."""
    if isinstance(value, Mapping) and not shape.atomic:
        kept = {name: _rest(inner, doomed.get(f"f:{name}"), shape.of(name)) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not _MISSING}
    if isinstance(value, list) and shape.list_type != "atomic":
        rest = [_rest(item, doomed.get(step), shape.of_items) for step, item in elements(value, shape)]
        return [item for item in rest if item is not _MISSING]
    return value


def _rest(value: Any, doomed: Tree | None, shape: Shape) -> Any:
    if doomed is None:
        return value
    if MEMBER in doomed:
        return _MISSING
    rest = without(value, doomed, shape)
    return _MISSING if value and not rest else rest


def problems_of(document: Any, shape: Shape, path: str = "") -> Iterator[Problem]:
    """What is wrong with a document that is to be applied: fields that nothing declares, and items that cannot be told
    apart."""
    if isinstance(document, Mapping) and not shape.atomic:
        known = shape.fields
        for name, value in document.items():
            here = f"{path}.{name}"
            if name in known or not shape.is_closed:
                yield from problems_of(value, shape.of(name), here)
            elif known:
                yield Problem(here, "field not declared in schema", "FieldUnknown")
    elif isinstance(document, list):
        if shape.list_type != "atomic":
            yield from _item_problems(document, shape, path)
        for index, item in enumerate(document):
            yield from problems_of(item, shape.of_items, f"{path}[{index}]")


def _item_problems(items: Sequence[Any], shape: Shape, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        lacking = [
            name for name, default in shape.keys if isinstance(item, Mapping) and default is None and item.get(name) is None
        ]
        if lacking:
            yield Problem(
                f"{path}[{index}]",
                f'associative list with keys has an element that omits key field "{lacking[0]}" (and doesn\'t have default '
                "value)",
            )  # fmt: skip
            continue
        step = fieldsets.element(item, shape)
        if step in seen:
            yield Problem(path, f"duplicate entries for key {fieldsets.told((step,))}", "FieldValueDuplicate")
        seen.add(step)


def normal(value: Any, shape: Shape) -> Any:
    """The document with its quantities as they are stored, so that `1000m` agrees with `1`."""
    if shape.is_quantity:
        try:
            return canonical(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else value
        except ValueError:
            return value  # decoding tells what is wrong with it
    if isinstance(value, Mapping):
        return {name: normal(inner, shape.of(name)) for name, inner in value.items()}
    return [normal(item, shape.of_items) for item in value] if isinstance(value, list) else value
