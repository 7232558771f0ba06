"""Objects and their JSON, as Kubernetes' clients know it. The one place where `apiVersion` and `kind` meet the kinds table.

Reading is strict unless asked otherwise: a misspelt field is refused, with its full path and the name that was probably
meant, and all that is wrong with a document is told at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from google.protobuf.message import Message

from controlplane.api import custom_objects, decoding, encoding, parts, registry
from controlplane.api.conversion import table as conversion
from controlplane.api.custom.shaping import OBJECT_FIELDS
from controlplane.api.encoding import message_to_dict
from controlplane.api.errors import BadRequest, Problem
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import Kind
from protos.v1.resources_pb2 import CustomObject

__all__ = ["Decoded", "decode", "from_dict", "from_json", "kind_of_document", "message_from_dict", "message_to_dict",
           "to_dict", "to_json"]  # fmt: skip

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object, the fields of its document that are no fields of its kind and were dropped, and what there is against
    the document's version."""

    obj: ApiObject
    unknown: tuple[Problem, ...] = ()
    deprecation: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """`unknown field "spec.replicass"; did you mean "replicas"?`, `apps/v1beta1 Deployment is deprecated; use ...`"""
        told = tuple(map(_told, self.unknown))
        return told if self.deprecation is None else (self.deprecation, *told)


def to_dict(kind: Kind[T], obj: T, *, api_version: str = "") -> dict[str, Any]:
    """The object as JSON, `apiVersion` and `kind` first; in the kind's own version unless another is asked for.

    The caller owns the result. Raises BadRequest for an `api_version` that the kind does not have.
    """
    if isinstance(obj, CustomObject):
        doc = _custom_to_dict(kind, obj)
    else:
        doc = {"apiVersion": kind.api_version, "kind": kind.name} | encoding.encoder_of(obj.DESCRIPTOR)(obj)
    if api_version in ("", doc["apiVersion"]):
        return doc
    versions = (kind.api_version, *kind.older)
    if api_version not in versions:
        raise BadRequest(f"{kind.name} has no version {api_version}; it has {', '.join(versions)}", kind=kind.name)
    return conversion.from_current(kind, doc, api_version)


def to_json(kind: Kind[T], obj: T) -> bytes:
    return orjson.dumps(to_dict(kind, obj))


def from_dict(kind: Kind[Any] | None, doc: object, *, strict: bool = True) -> ApiObject:
    """The object that the document describes; its own `apiVersion` and `kind` say which kind where none is given.

    Raises BadRequest, with every problem, for wrong types and, if strict, for unknown fields.
    """
    decoded = decode(kind, doc)
    if strict and decoded.unknown:
        raise _bad_request(decoded.obj, decoded.unknown)
    return decoded.obj


def from_json(kind: Kind[Any] | None, data: bytes | str, *, strict: bool = True) -> ApiObject:
    """As `from_dict`, from text."""
    try:
        doc = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"not valid JSON: {error}") from None
    return from_dict(kind, doc, strict=strict)


def decode(kind: Kind[Any] | None, doc: object) -> Decoded:
    """The object, with unknown fields left out and told. Raises BadRequest, with every problem, for wrong types."""
    if not isinstance(doc, dict):
        raise BadRequest("the document must be an object with apiVersion, kind and metadata")
    kind = _agreed_kind(kind, doc)
    if kind.is_custom:
        return _decode_custom(kind, doc)
    deprecation = None
    if doc.get("apiVersion") in kind.older:
        deprecation = conversion.deprecation(kind, doc["apiVersion"])
        doc = conversion.to_current(kind, doc)
    obj = kind.message()
    problems = decoding.fill(obj, {name: value for name, value in doc.items() if name not in {"apiVersion", "kind"}})
    if any(problem.reason != decoding.UNKNOWN for problem in problems):
        raise _bad_request(obj, problems)
    return Decoded(obj, tuple(problems), deprecation)


def _custom_to_dict(kind: Kind[Any], obj: CustomObject) -> dict[str, Any]:
    """A custom object is its document: metadata among the rest."""
    head = {"apiVersion": obj.api_version or kind.api_version, "kind": obj.kind or kind.name}
    return head | {"metadata": message_to_dict(obj.metadata)} | parts.content_of(obj)


def _decode_custom(kind: Kind[Any], doc: Mapping[str, Any]) -> Decoded:
    obj = CustomObject(api_version=doc.get("apiVersion") or kind.api_version, kind=kind.name)
    metadata = doc.get("metadata")
    problems = decoding.fill(obj.metadata, {} if metadata is None else metadata, "metadata")
    if any(problem.reason != decoding.UNKNOWN for problem in problems):
        raise _bad_request(obj, problems)
    try:
        parts.set_content(obj, {name: value for name, value in doc.items() if name not in OBJECT_FIELDS})
    except TypeError as error:
        raise BadRequest(f'{kind.name} "{obj.metadata.name}": {error}', kind=kind.name) from error
    return Decoded(obj, (*problems, *custom_objects.complete(kind, obj)))


def message_from_dict(doc: object, message: M, path: str = "") -> M:
    """Puts the document's fields into the message and returns it. Raises BadRequest with every problem."""
    problems = decoding.fill(message, doc, path)
    if problems:
        raise BadRequest(_list(problems), problems=problems)
    return message


def kind_of_document(doc: Mapping[str, Any]) -> Kind[Any]:
    """The kind that the document names. Raises BadRequest if it names none, or one that is not served."""
    missing = [
        Problem(name, "Required value", "FieldValueRequired")
        for name in ("apiVersion", "kind")
        if not isinstance(doc.get(name), str) or not doc[name]
    ]
    if missing:
        raise BadRequest(_list(missing), problems=missing)
    kind = registry.by_type(doc["apiVersion"], doc["kind"])
    if kind is None:
        raise BadRequest(_no_match(doc["apiVersion"], doc["kind"]), kind=doc["kind"])
    return kind


def _agreed_kind(kind: Kind[Any] | None, doc: Mapping[str, Any]) -> Kind[Any]:
    """The kind asked for, which the document may leave out but not contradict. Any version of it will do."""
    if kind is None:
        return kind_of_document(doc)
    for name, wanted in (("apiVersion", (kind.api_version, *kind.older)), ("kind", (kind.name,))):
        given = doc.get(name)
        if given not in (None, "", *wanted):
            raise BadRequest(f"{name}: must be {wanted[0]}, not {given}", kind=kind.name)
    return kind


def _no_match(api_version: str, name: str) -> str:
    text = f'no matches for kind "{name}" in version "{api_version}"'
    by_name = {kind.name.lower(): kind for kind in registry.KINDS}
    close = difflib.get_close_matches(name.lower(), by_name, n=1)
    if not close:
        return f"{text}; the kinds are {', '.join(sorted(kind.name for kind in registry.KINDS))}"
    meant = by_name[close[0]]
    if meant.name == name:
        return f"{text}; use apiVersion: {meant.api_version}"
    return f"{text}; did you mean {meant.name} ({meant.api_version})?"


def _bad_request(obj: ApiObject, problems: Sequence[Problem]) -> BadRequest:
    kind, name = registry.kind_of(obj), obj.metadata.name
    subject = f'{kind.name} "{name}"' if name else kind.name
    return BadRequest(f"{subject} cannot be read: {_list(problems)}", kind=kind.name, name=name, problems=problems)


def _list(problems: Sequence[Problem]) -> str:
    return ", ".join(map(_told, problems))


def _told(problem: Problem) -> str:
    if problem.reason == decoding.UNKNOWN:
        return problem.message.replace("unknown field", f'unknown field "{problem.path}"', 1)
    return str(problem)
