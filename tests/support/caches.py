"""A watch cache without an etcd behind it: holds what a test puts in."""

from __future__ import annotations

from typing import Any, cast

from controlplane.api import registry
from controlplane.api.objects import ApiObject, copy_of, key_of
from controlplane.store.cache import Cache
from controlplane.store.records import Record, without_version


class _NoEtcd:
    """Stands where etcd would; nothing asks it."""

    async def revision(self) -> int:
        raise AssertionError("a cache that tests fill is never freshened")


class FilledCache:
    """`cache` as the server's parts get it; each change is a revision."""

    def __init__(self, *objects: ApiObject) -> None:
        self.cache = Cache(cast("Any", _NoEtcd()), cast("Any", None), cast("Any", None))
        for obj in objects:
            self.put(obj)

    def put(self, obj: ApiObject) -> None:
        kind = registry.kind_of(obj)
        self.cache.revision += 1
        value = without_version(copy_of(obj))
        self.cache.of(kind).put(Record(kind, key_of(obj), value, self.cache.revision))

    def remove(self, obj: ApiObject) -> None:
        self.cache.revision += 1
        self.cache.of(registry.kind_of(obj)).remove(key_of(obj), self.cache.revision)

    def read_anew(self) -> None:
        """As after etcd has forgotten what the cache had not seen."""
        self.cache.revision += 1
        for kind in registry.STORED:
            cache = self.cache.of(kind)
            cache.load({record.key: record for record in cache.records()}, self.cache.revision)
