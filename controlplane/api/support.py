"""Fields that Orlop stores but does not act on: none is ignored in silence.

Where going on without it would be unsafe, a field is refused; elsewhere its writer is warned. `unsupported` goes along the
fields that are set, once, so that an object without such fields costs next to nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from controlplane.api import registry
from controlplane.api.encoding import message_to_dict
from controlplane.api.errors import Problem
from controlplane.api.json_values import shown
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject
from controlplane.api.remembering import Remembered
from controlplane.api.support_table import CONTAINER_ROWS, KIND_ROWS, POD_ROWS, Row
from protos.v1 import core_pb2 as core
from protos.v1 import options_pb2 as options

# Where the kinds that make pods describe them.
POD_SPECS: Mapping[str, str] = {
    "Pod": "spec",
    "PodTemplate": "template.spec",
    **dict.fromkeys(
        ("ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"), "spec.template.spec"
    ),
    "CronJob": "spec.jobTemplate.spec.template.spec",
}
CONTAINERS = ("containers[]", "initContainers[]", "ephemeralContainers[]")


# Pods' specs without such fields; the table says nothing of what else pods have.
_PLAIN_SPECS: Remembered[bool] = Remembered()

# The way to a field: what is above it, its name, its place in a list. Spelt out only for what is found.
_Path: TypeAlias = "tuple[_Path, str, int | None] | None"


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` is what is there; None for a kind as a whole."""

    row: Row
    path: str = ""
    value: Any = None

    @property
    def is_refused(self) -> bool:
        return self.row.what == "refuse"

    @property
    def warning(self) -> str:
        """`spec.subdomain: there is no cluster DNS yet`"""
        return f"{self.path}: {self.row.why}" if self.path else self.row.why

    @property
    def problem(self) -> Problem:
        return Problem(self.path, f"Unsupported value: {self.shown}: {self.row.why}", "FieldValueNotSupported")

    @property
    def shown(self) -> str:
        return str(shown(message_to_dict(self.value) if isinstance(self.value, Message) else self.value))


@dataclass(slots=True)
class _Step:
    """A field on the way to those of the table, and what lies beyond it, by number. Without a name it shows in no path."""

    name: str = ""
    is_list: bool = False
    rows: list[Row] = field(default_factory=list)
    fields: dict[int, _Step] = field(default_factory=dict)


def unsupported(kind: Kind[Any], obj: ApiObject) -> list[Finding]:
    """What the object asks for in vain."""
    root = _ROOTS.get(kind.name)
    if root is None or kind.is_custom:
        return []
    spec = obj.spec.SerializeToString() if isinstance(obj, core.Pod) else b""
    if spec and _PLAIN_SPECS.get(spec):
        return []
    found = [Finding(row) for row in root.rows]
    _walk(root, obj, None, found)
    if spec and not found:
        _PLAIN_SPECS.put(spec, True)
    return found


def newly_unsupported(kind: Kind[Any], old: ApiObject, new: ApiObject) -> list[Finding]:
    """What an update asks for in vain that was not there before."""
    found = unsupported(kind, new)
    if not found:
        return []
    before = {(one.row.path, one.shown) for one in unsupported(kind, old)}
    return [one for one in found if (one.row.path, one.shown) not in before]


def _walk(step: _Step, message: Any, path: _Path, found: list[Finding]) -> None:
    fields = step.fields
    for descriptor, value in message.ListFields():
        beyond = fields.get(descriptor.number)
        if beyond is None:
            continue
        if beyond.is_list:
            for index, item in enumerate(value):
                _visit(beyond, item, (path, beyond.name, index), found)
        else:
            _visit(beyond, value, (path, beyond.name, None), found)


def _visit(step: _Step, value: Any, path: _Path, found: list[Finding]) -> None:
    for row in step.rows:
        if row.applies(value):
            found.append(Finding(row, _spelt(path), value))  # noqa: PERF401 - a comprehension costs more than it saves
    if step.fields:
        _walk(step, value, path, found)


def _spelt(path: _Path) -> str:
    """`spec.containers[0].image`"""
    if path is None:
        return ""
    above, name, index = path
    before = _spelt(above)
    word = f"{before}.{name}" if before and name else before or name
    return word if index is None else f"{word}[{index}]"


def _compile(kind: Kind[Any], rows: Iterable[Row]) -> _Step:
    root = _Step()
    for row in rows:
        step, descriptor = root, cast("Descriptor | None", kind.message.DESCRIPTOR)
        for word in row.path.split(".") if row.path else ():
            for each in _way(descriptor, word.removesuffix("[]")):
                is_list = each.is_repeated and not (each.message_type and each.message_type.GetOptions().map_entry)
                step = step.fields.setdefault(each.number, _Step("" if _is_inline(each) else each.json_name, is_list))
                descriptor = each.message_type
        step.rows.append(row)
    return root


def _way(descriptor: Descriptor | None, word: str) -> list[FieldDescriptor]:
    """The fields that lead to the one that JSON calls `word`: inlined ones come before it, and JSON does not show them."""
    if descriptor is None:
        raise KeyError(f"{word}: what holds it is no message")
    for each in descriptor.fields:
        if each.json_name == word and not _is_inline(each):
            return [each]
    for each in descriptor.fields:
        if _is_inline(each):
            try:
                return [each, *_way(each.message_type, word)]
            except KeyError:
                continue
    raise KeyError(f"{descriptor.full_name} has no field {word}")


def _is_inline(descriptor: FieldDescriptor) -> bool:
    return bool(descriptor.GetOptions().Extensions[options.inline])


def rows_of(kind: Kind[Any]) -> list[Row]:
    """The kind's rows, with paths from the object's top."""
    rows = list(KIND_ROWS.get(kind.name, ()))
    spec = POD_SPECS.get(kind.name)
    if spec is not None:
        rows.extend(_under(spec, POD_ROWS))
        for containers in CONTAINERS:
            rows.extend(_under(f"{spec}.{containers}", CONTAINER_ROWS))
    return rows


def _under(path: str, rows: Iterable[Row]) -> Iterator[Row]:
    return (dataclasses.replace(row, path=f"{path}.{row.path}") for row in rows)


_KINDS = [kind for kind in registry.STORED if kind.name in KIND_ROWS or kind.name in POD_SPECS]
_ROOTS = {kind.name: _compile(kind, rows_of(kind)) for kind in _KINDS}
