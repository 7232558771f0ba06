"""Reads a request: which kind, which object, which selectors. Refuses what makes no sense."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controlplane.api import errors, fields, labels, registry
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.store.records import Record
from protos.v1.resources_pb2 import Object


def kind_for(resource: str) -> Kind[Any]:
    kind = registry.by_resource(resource)
    if kind is None:
        known = [kind.resource for kind in registry.KINDS]
        near = difflib.get_close_matches(resource, known, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        raise errors.NotFound(f'the server has no resource "{resource}"{hint}', kind=resource)
    return kind


def key_for(kind: Kind[Any], namespace: str, name: str) -> Key:
    if not name:
        raise errors.BadRequest(f"{kind.resource}: name: required", kind=kind.resource)
    if kind.namespaced and not namespace:
        raise errors.BadRequest(
            f'{kind.resource} "{name}": namespace: required; name one, such as default', kind=kind.resource, name=name
        )
    return Key(namespace if kind.namespaced else "", name)


def object_in(box: Object) -> tuple[Kind[Any], ApiObject]:
    obj, kind = registry.unwrap(box), registry.kind_in(box)
    if obj is None or kind is None:
        raise errors.BadRequest("object: required; set the member of the kind to write, such as pod or deployment")
    if not kind.namespaced:
        obj.metadata.namespace = ""
    return kind, obj


@dataclass(frozen=True, slots=True)
class Query:
    """Which objects of a kind are meant."""

    namespace: str
    labels: labels.Selector
    fields: fields.FieldSelector

    @property
    def is_everything(self) -> bool:
        return not self.namespace and self.selects_all

    @property
    def selects_all(self) -> bool:
        return self.labels.is_everything and self.fields.is_everything

    def matches(self, record: Record) -> bool:
        return (
            (not self.namespace or record.key.namespace == self.namespace)
            and self.labels.matches(record.labels)
            and self.fields.matches(record.field)
        )


def query_for(kind: Kind[Any], namespace: str, label_selector: str, field_selector: str) -> Query:
    by_labels = _parsed(labels.parse, label_selector, "label selector")
    by_fields = _parsed(fields.parse, field_selector, "field selector")
    try:
        fields.check(kind, by_fields)
    except ValueError as error:
        raise errors.BadRequest(f"{kind.resource}: {error}") from error
    return Query(namespace if kind.namespaced else "", by_labels, by_fields)


def _parsed(parse: Callable[[str], Any], text: str, what: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise errors.BadRequest(f"{what} {text!r}: {error}") from error


def revision_in(text: str) -> int:
    """A resource version as a revision; 0 for none."""
    try:
        revision = int(text or "0")
    except ValueError as error:
        raise errors.BadRequest(f"resource version {text!r} is not a number that this server gave out") from error
    if revision < 0:
        raise errors.BadRequest(f"resource version {text!r} is negative")
    return revision
