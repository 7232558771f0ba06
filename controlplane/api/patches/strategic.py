"""Strategic merge patches: merge patches whose lists merge by the keys of their items, and which give directives.

`$patch` replaces or deletes an object, an item or a whole list; `$deleteFromPrimitiveList/f` takes values out of list f;
`$setElementOrder/f` says in which order the items of f come; `$retainKeys` drops all other fields of an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controlplane.api.errors import BadRequest
from controlplane.api.patches.shapes import Shape

Doc = Mapping[str, Any]

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def apply(target: Doc, patch: Doc, shape: Shape) -> dict[str, Any]:
    """The target with the patch applied. Raises BadRequest for directives that make no sense."""
    directive = patch.get(_PATCH)
    if directive == "replace":
        return _merged({}, {name: value for name, value in patch.items() if name != _PATCH}, shape)
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise BadRequest(f"unknown patch type: {directive} in map: {dict(patch)}")
    return _merged(target, patch, shape)


def _merged(target: Doc, patch: Doc, shape: Shape) -> dict[str, Any]:
    merged = _retained(target, patch)
    for name, value in patch.items():
        if name.startswith(_DELETE):
            _delete_values(merged, name.removeprefix(_DELETE), value)
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _value(merged.get(name), value, shape.of(name), patch.get(_ORDER + name))
    for name, order in patch.items():
        field = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and patch.get(field) is None and isinstance(merged.get(field), list):
            merged[field] = _ordered(merged[field], merged[field], _order(order), shape.of(field).merge_key)
    return merged


def _retained(target: Doc, patch: Doc) -> dict[str, Any]:
    keys = patch.get(_RETAIN)
    if keys is None:
        return dict(target)
    strangers = [name for name, value in patch.items() if value is not None and not name.startswith("$")]
    if not isinstance(keys, list) or any(name not in keys for name in strangers):
        raise BadRequest("invalid patch format of retainKeys: it must list every field that the patch sets")
    return {name: value for name, value in target.items() if name in keys}


def _delete_values(merged: dict[str, Any], name: str, values: object) -> None:
    if not isinstance(values, list):
        raise BadRequest("invalid patch format of primitive list: $deleteFromPrimitiveList must be a list of values")
    if isinstance(merged.get(name), list):
        merged[name] = [item for item in merged[name] if item not in values]


def _value(old: Any, new: Any, shape: Shape, order: object) -> Any:
    if isinstance(new, Mapping):
        return apply(old if isinstance(old, Mapping) else {}, new, shape)
    if isinstance(new, list) and "merge" in shape.strategies:
        return _list(old if isinstance(old, list) else [], new, shape, order)
    return new


def _list(old: Sequence[Any], patch: Sequence[Any], shape: Shape, order: object) -> list[Any]:
    if not shape.merge_key:
        merged, sent = _set(old, patch), list(patch)
    else:
        merged, sent = _items(old, patch, shape)
    if order is None:
        return merged
    places = _order(order)
    _check_order(sent, places, shape.merge_key)
    return _ordered(merged, old, places, shape.merge_key)


def _set(old: Sequence[Any], patch: Sequence[Any]) -> list[Any]:
    if any(isinstance(item, dict | list) for item in patch):
        raise BadRequest("invalid patch format of primitive list: it may hold no objects or lists")
    merged = list(old)
    for item in patch:
        if item not in merged:
            merged.append(item)
    return merged


def _items(old: Sequence[Any], patch: Sequence[Any], shape: Shape) -> tuple[list[Any], list[Any]]:
    """The merged list, and the items of the patch that are no directives."""
    merged, sent = list(old), []
    if any(isinstance(item, Mapping) and item.get(_PATCH) == "replace" for item in patch):
        merged = []
    for item in patch:
        if not isinstance(item, Mapping):
            raise BadRequest(f"the list merges by {shape.merge_key}; {item!r} is no object")
        directive = item.get(_PATCH)
        if directive == "replace":
            # Such an item is only a mark, unless it is one to keep.
            if shape.merge_key in item:
                raise BadRequest(f"unable to replace one item of a list: {dict(item)}; replace the list as a whole")
            continue
        key = item.get(shape.merge_key)
        if key is None:
            raise BadRequest(f"map: {dict(item)} does not contain declared merge key: {shape.merge_key}")
        if directive == "delete":
            merged = [known for known in merged if _key(known, shape.merge_key) != key]
            continue
        sent.append(item)
        _merge_item(merged, item, key, shape)
    return merged, sent


def _merge_item(merged: list[Any], item: Doc, key: object, shape: Shape) -> None:
    for index, known in enumerate(merged):
        if _key(known, shape.merge_key) == key:
            merged[index] = apply(known, item, shape.of_items)
            return
    merged.append(apply({}, item, shape.of_items))


def _key(item: Any, merge_key: str) -> Any:
    return item.get(merge_key) if merge_key and isinstance(item, Mapping) else item


def _order(order: object) -> list[Any]:
    if not isinstance(order, list):
        raise BadRequest("invalid patch format of setElementOrder list: it must be a list")
    return order


def _check_order(sent: Iterable[Any], order: Sequence[Any], merge_key: str) -> None:
    """What is sent must stand in the order list, in the same order."""
    places = [_key(item, merge_key) for item in order]
    keys = [_key(item, merge_key) for item in sent]
    missing = [key for key in keys if key not in places]
    if missing or [places.index(key) for key in keys] != sorted(places.index(key) for key in keys):
        raise BadRequest(f"The order in patch list:\n{keys}\n doesn't match $setElementOrder list:\n{places}\n")


def _ordered(merged: Sequence[Any], before: Sequence[Any], order: Sequence[Any], merge_key: str) -> list[Any]:
    """The items that `order` names in its order; the others keep their places before what they stood before."""
    places = [_key(item, merge_key) for item in order]
    was = [_key(item, merge_key) for item in before]
    named = sorted(
        (item for item in merged if _key(item, merge_key) in places), key=lambda item: places.index(_key(item, merge_key))
    )
    others = [item for item in merged if _key(item, merge_key) not in places]
    result: list[Any] = []
    while named and others:
        ours, other = _key(named[0], merge_key), _key(others[0], merge_key)
        first = ours in was and other in was and was.index(other) < was.index(ours)
        result.append((others if first else named).pop(0))
    return result + named + others
