"""Where things are in etcd.

/orlop/objects/<resource>/<namespace>/<name>     an object of a namespaced kind
/orlop/objects/<resource>/<name>                 an object of another kind
/orlop/allocations/<pool>/<value>                what a service holds: an address or a port
/orlop/barrier                                   written to see it come back through the watch
"""

from __future__ import annotations

import sys
from typing import Any

from controlplane.api.catalogue import Catalogue
from controlplane.api.kind import Kind
from controlplane.api.objects import Key

ROOT = b"/orlop/"
BARRIER = ROOT + b"barrier"
OBJECTS = ROOT + b"objects/"
_OBJECTS = OBJECTS.decode()


def prefix_of(kind: Kind[Any], namespace: str = "") -> bytes:
    """The prefix of a kind's keys, or of those in one namespace."""
    base = OBJECTS + kind.resource.encode() + b"/"
    return base + namespace.encode() + b"/" if namespace else base


def key_for(kind: Kind[Any], key: Key) -> bytes:
    if kind.namespaced:
        return f"{_OBJECTS}{kind.resource}/{key.namespace}/{key.name}".encode()
    return f"{_OBJECTS}{kind.resource}/{key.name}".encode()


def resource_of(raw: bytes) -> str:
    """The resource of the object that a key is for; empty for other keys."""
    return raw[len(OBJECTS) :].split(b"/", 1)[0].decode() if raw.startswith(OBJECTS) else ""


def parse(raw: bytes, catalogue: Catalogue) -> tuple[Kind[Any], Key] | None:
    """The object that a key is for, or None for a key that is for no object of a known kind."""
    if not raw.startswith(OBJECTS):
        return None
    resource, *rest = raw[len(OBJECTS) :].decode().split("/")
    kind = catalogue.by_resource(resource)
    if kind is None or len(rest) != (2 if kind.namespaced else 1):
        return None
    return kind, Key(sys.intern(rest[0]), rest[1]) if kind.namespaced else Key("", rest[0])


def allocation(pool: str, value: str) -> bytes:
    return ROOT + b"allocations/" + pool.encode() + b"/" + value.encode()
