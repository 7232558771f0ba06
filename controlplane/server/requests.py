"""Reads a request: which kind, which object, which selectors. Refuses what makes no sense."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.message import Message

from controlplane.api import errors, fields, labels, registry
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind
from controlplane.server.custom import read_custom
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1.resources_pb2 import CustomObject, Object

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


def kind_for(catalogue: Catalogue, resource: str, verb: str) -> Kind[Any]:
    """Raises NotFound for a resource that is not served, MethodNotAllowed for one without the verb."""
    kind = catalogue.by_resource(resource)
    if kind is None:
        known = [kind.resource for kind in catalogue]
        near = difflib.get_close_matches(resource, known, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        raise errors.NotFound(f'the server has no resource "{resource}"{hint}', kind=resource)
    if verb not in kind.verbs:
        raise _no_verb(kind, verb)
    return kind


def _no_verb(kind: Kind[Any], verb: str) -> errors.MethodNotAllowed:
    can = f"it has {', '.join(kind.verbs)}" if kind.verbs else "it is the body of a subresource"
    return errors.MethodNotAllowed(f"{kind.resource} does not support {verb}; {can}", kind=kind.resource)


def key_for(kind: Kind[Any], namespace: str, name: str) -> Key:
    if not name:
        raise errors.BadRequest(f"{kind.resource}: name: required", kind=kind.resource)
    if kind.namespaced and not namespace:
        raise errors.BadRequest(
            f'{kind.resource} "{name}": namespace: required; name one, such as default', kind=kind.resource, name=name
        )
    return Key(namespace if kind.namespaced else "", name)


def object_in(catalogue: Catalogue, box: Object, caller: Caller, validation: str) -> tuple[Kind[Any], ApiObject]:
    """The object of a write and its kind. What becomes of fields that this server does not know, `validation` says."""
    kind, obj = kind_in(catalogue, box)
    if not kind.namespaced:
        obj.metadata.namespace = ""
    _discard_unknown(kind, obj, caller, validation)
    if isinstance(obj, CustomObject):
        read_custom(kind, obj, caller, strict=validation == STRICT, warn=validation in ("", WARN))
    return kind, obj


def kind_in(catalogue: Catalogue, box: Object) -> tuple[Kind[Any], ApiObject]:
    """The object of a write, as it came, and its kind."""
    obj = registry.unwrap(box)
    kind = catalogue.by_type(obj.api_version, obj.kind) if isinstance(obj, CustomObject) else registry.kind_in(box)
    if obj is None or kind is None:
        raise _no_kind(obj)
    return kind, obj


def _no_kind(obj: ApiObject | None) -> errors.StatusError:
    if isinstance(obj, CustomObject):
        return errors.NotFound(f'no matches for kind "{obj.kind}" in version "{obj.api_version}"', kind=obj.kind)
    return errors.BadRequest("object: required; set the member of the kind to write, such as pod or deployment")


def _discard_unknown(kind: Kind[Any], obj: ApiObject, caller: Caller, validation: str) -> None:
    if validation:
        check_validation(validation)
    message = cast("Message", obj)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() == size or validation == IGNORE:
        return
    text = f'{kind.resource} "{obj.metadata.name}": the object has fields that this server does not know'
    if validation == STRICT:
        raise errors.BadRequest(f"{text}; send it without them, or with field validation Warn", kind=kind.resource)
    caller.warn(f"{text}; they were dropped")


def check_validation(validation: str) -> None:
    if validation not in ("", STRICT, WARN, IGNORE):
        raise errors.BadRequest(f"field_validation: {validation!r}: use Strict, Warn or Ignore")


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
