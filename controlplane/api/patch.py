"""Merge patches: making, applying, and the three-way merge behind `apply`.

The wire knows one kind of patch, RFC 7386, where null removes a field and a list is replaced as a whole. What Kubernetes'
strategic merge patch adds, lists merged item by item, happens here before the patch is made: `three_way` reads from the
schema which field tells the items of a list apart.

Nothing given is changed, and results share parts with what was given: treat them as read-only.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from controlplane.api.encoding import is_inline, is_map, type_of
from controlplane.api.registry import Kind
from protos.v1 import options_pb2 as options

Doc = Mapping[str, Any]

_DEFAULT_KEYS = {"protocol": "TCP"}


def merge(target: Doc, patch: Doc) -> dict[str, Any]:
    """The target with the patch applied, as RFC 7386 says."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            old = merged.get(name)
            merged[name] = merge(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged


def merge_diff(old: Doc, new: Doc) -> dict[str, Any]:
    """The patch that turns `old` into `new`, where `new` holds no nulls; empty when they are equal."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if change := merge_diff(before, value):
                patch[name] = change
        elif name not in old or before != value:
            patch[name] = value
    return patch


def three_way(last_applied: Doc, live: Doc, new: Doc, *, kind: Kind[Any] | None = None) -> dict[str, Any]:
    """The patch for `live` that sets what `new` says and removes what only `last_applied` said.

    What neither mentions is others' business and stays. With the kind, lists that have keys are merged item by item;
    without it they are replaced. Empty when nothing is to do.
    """
    schema = None if kind is None else kind.message.DESCRIPTOR
    return merge_diff(live, _merged(last_applied, live, new, _fields(schema)))


@dataclass(frozen=True, slots=True)
class _Field:
    """How a field is merged. `keys` tell the items of a list apart; `retains` drops from an object what `new` leaves out."""

    schema: Descriptor | None = None
    merges: bool = False
    keys: tuple[str, ...] = ()
    retains: bool = False


_PLAIN = _Field()


@lru_cache(maxsize=1024)
def _fields(schema: Descriptor | None) -> dict[str, _Field]:
    """By JSON name."""
    known: dict[str, _Field] = {}
    for field in schema.fields if schema else ():
        if is_inline(field):
            known |= _fields(type_of(field))
        elif not is_map(field):
            known[field.json_name] = _field(field)
    return known


def _field(field: FieldDescriptor) -> _Field:
    chosen = field.GetOptions().Extensions
    strategies = chosen[options.patch_strategy].split(",")
    merge_key = chosen[options.patch_merge_key]
    # The keys of apply's own list maps are finer: two ports may share a number and differ in protocol.
    keys = tuple(chosen[options.list_map_keys]) or ((merge_key,) if merge_key else ())
    return _Field(field.message_type and type_of(field), "merge" in strategies, keys, "retainKeys" in strategies)


def _merged(last: Doc, live: Doc, new: Doc, fields: Mapping[str, _Field]) -> dict[str, Any]:
    """What `live` should become."""
    merged = {name: value for name, value in live.items() if name not in last or new.get(name) is not None}
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged_value(last.get(name), live.get(name), value, fields.get(name, _PLAIN))
    return merged


def _merged_value(last: Any, live: Any, new: Any, field: _Field) -> Any:
    if isinstance(new, Mapping):
        return _merged_object(last, live, new, field)
    if isinstance(new, list) and field.merges and isinstance(live, list):
        before = last if isinstance(last, list) else []
        return _merged_items(before, live, new, field) if field.keys else _merged_set(before, live, new)
    return _without_nulls(new)


def _merged_object(last: Any, live: Any, new: Doc, field: _Field) -> dict[str, Any]:
    before, present = (value if isinstance(value, Mapping) else {} for value in (last, live))
    merged = _merged(before, present, new, _fields(field.schema))
    if field.retains and merged != present:
        return {name: value for name, value in merged.items() if name in new}
    return merged


def _merged_items(last: Sequence[Any], live: Sequence[Any], new: Sequence[Any], field: _Field) -> list[Any]:
    """The items of `new`, each merged with the live one of its key, then those that only others put there."""
    befores, presents = _by_key(last, field.keys), _by_key(live, field.keys)
    wanted = _by_key(new, field.keys)
    if len(wanted) != len(new):
        return [_without_nulls(item) for item in new]
    item_of = _Field(field.schema, retains=field.retains)
    merged = {key: _merged_value(befores.get(key), presents.get(key), item, item_of) for key, item in wanted.items()}
    others = {key: item for key, item in presents.items() if key not in wanted and key not in befores}
    together = merged | others
    # Others' items keep their places as long as ours already stand in the order asked for.
    in_order = [key for key in presents if key in wanted] == list(wanted)
    return [together[key] for key in (presents if in_order else together) if key in together]


def _by_key(items: Sequence[Any], keys: Sequence[str]) -> dict[Hashable, Any]:
    return {
        tuple(item.get(key, _DEFAULT_KEYS.get(key)) for key in keys) if isinstance(item, Mapping) else repr(item): item
        for item in items
    }


def _merged_set(last: Sequence[Any], live: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    kept = [item for item in live if item in new or item not in last]
    return kept + [item for item in new if item not in kept]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
