"""An object as it is stored: encoded once, and handed on as those bytes.

The stored bytes leave `metadata.resourceVersion` empty, as etcd knows it only after the write. It is put in by appending a
second, tiny `metadata` field to the encoding: protobuf merges repeated embedded messages.
"""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.message import Message

from controlplane.api import fields
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


class Record:
    """A version of an object. Immutable; shared by the cache, the event log and all answers."""

    __slots__ = ("_boxed", "_selectable", "encoded", "key", "kind", "labels", "revision", "uid")

    def __init__(self, kind: Kind[Any], key: Key, value: bytes, revision: int) -> None:
        version = str(revision).encode()
        merged = _VERSION_TAG + varint(len(version)) + version
        self.kind = kind
        self.key = key
        self.revision = revision
        self.encoded = value + _METADATA_TAG + varint(len(merged)) + merged
        obj = self.message()
        self.uid = obj.metadata.uid
        self.labels = dict(obj.metadata.labels)
        self._selectable = {path: fields.read_path(kind, obj, path) for path in kind.selectable}
        self._boxed: bytes | None = None

    def message(self) -> ApiObject:
        """A fresh message, the caller's own."""
        return cast("ApiObject", cast("type[Message]", self.kind.message).FromString(self.encoded))

    @property
    def boxed(self) -> bytes:
        """The encoding of an `Object` that holds this."""
        if self._boxed is None:
            self._boxed = delimited(self.kind.tag, self.encoded)
        return self._boxed

    def field(self, path: str) -> str:
        """The value that a field selector compares, empty for an unset field."""
        if path == "metadata.name":
            return self.key.name
        if path == "metadata.namespace":
            return self.key.namespace
        return self._selectable[path]


def without_version(obj: ApiObject) -> bytes:
    """The bytes to store. Leaves `obj` without its resource version."""
    obj.metadata.resource_version = ""
    return obj.SerializeToString()
