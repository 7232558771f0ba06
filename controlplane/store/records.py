"""An object as it is stored: encoded once, and handed on as those bytes.

The stored bytes leave `metadata.resourceVersion` empty, as etcd knows it only after the write. It is put in by appending a
second, tiny `metadata` field to the encoding: protobuf merges repeated embedded messages.

A server holds one record for every object, so records are small: one piece of bytes, and what selectors ask for, read when
first asked for and shared between objects that have the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

from google.protobuf.message import Message

from controlplane.api import fields
from controlplane.api.custom_objects import as_read
from controlplane.api.objects import ApiObject, Key
from controlplane.api.registry import Kind

_METADATA_TAG = b"\x0a"  # field 1, length-delimited, in every kind
_VERSION_TAG = b"\x32"  # ObjectMeta.resource_version, field 6


def varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(field: int, content: bytes) -> bytes:
    """A length-delimited field as protobuf writes it."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def repeated(field: int, contents: Iterable[bytes]) -> bytes:
    """All elements of a repeated field; each is copied once."""
    tag = varint(field << 3 | 2)
    parts: list[bytes] = []
    for content in contents:
        parts += (tag, varint(len(content)), content)
    return b"".join(parts)


class Facts(NamedTuple):
    """What selectors and preconditions ask of an object. `selectable` is in the order of the kind's `selectable`."""

    uid: str
    labels: Mapping[str, str]
    selectable: tuple[str, ...]


class Record:
    """A version of an object. Immutable; shared by the cache, the event log and all answers. `boxed` is the encoding of an
    `Object` that holds it."""

    __slots__ = ("_facts", "_start", "boxed", "key", "kind", "revision")

    def __init__(self, kind: Kind[Any], key: Key, value: bytes, revision: int) -> None:
        value = as_read(kind, value) if kind.is_custom else value
        suffix = _version_suffix(revision) if revision else b""  # what is made when asked for, or dry, has no version
        head = _box_tag(kind.field, kind.tag) + varint(len(value) + len(suffix))
        self.kind = kind
        self.key = key
        self.revision = revision
        self.boxed = b"".join((head, value, suffix))
        self._start = len(head)
        self._facts: Facts | None = None

    @property
    def encoded(self) -> bytes:
        """The encoding of the object itself."""
        return self.boxed[self._start :]

    def message(self) -> ApiObject:
        """A fresh message, the caller's own."""
        return cast("ApiObject", cast("type[Message]", self.kind.message).FromString(self.encoded))

    @property
    def uid(self) -> str:
        return self._known().uid

    @property
    def labels(self) -> Mapping[str, str]:
        return self._known().labels

    def field(self, path: str) -> str:
        """The value that a field selector compares, empty for an unset field."""
        if path == "metadata.name":
            return self.key.name
        if path == "metadata.namespace":
            return self.key.namespace
        return self._known().selectable[self.kind.selectable.index(path)]

    def of_kind(self, kind: Kind[Any]) -> Record:
        """The same version of the object under a newer definition of its kind."""
        if kind.is_custom:
            return Record(kind, self.key, self.encoded, self.revision)
        same = Record.__new__(Record)
        same.kind, same.key, same.revision = kind, self.key, self.revision
        same.boxed, same._start, same._facts = self.boxed, self._start, None
        return same

    def _known(self) -> Facts:
        if self._facts is None:
            obj = self.message()
            values = (sys.intern(fields.read_path(self.kind, obj, path)) for path in self.kind.selectable)
            self._facts = Facts(obj.metadata.uid, _shared(tuple(obj.metadata.labels.items())), tuple(values))
        return self._facts


def _version_suffix(revision: int) -> bytes:
    """A second `metadata` that holds the version alone."""
    version = str(revision).encode()
    merged = _VERSION_TAG + varint(len(version)) + version
    return _METADATA_TAG + varint(len(merged)) + merged


@lru_cache(maxsize=1024)
def _box_tag(_field: str, tag: int) -> bytes:
    return varint(tag << 3 | 2)


@lru_cache(maxsize=8192)
def _shared(labels: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """One mapping for all objects with the same labels."""
    return dict(labels)


def without_version(obj: ApiObject) -> bytes:
    """The bytes to store. Leaves `obj` without its resource version."""
    obj.metadata.resource_version = ""
    return obj.SerializeToString()
