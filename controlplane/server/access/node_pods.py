"""The pods of each node and what they refer to, by the watch cache. Kept by the pods' changes; references are read when they
are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.api.pod_references import References, references_of
from controlplane.store.cache import Cache
from controlplane.store.follower import Follower
from controlplane.store.records import Record
from protos.v1 import core_pb2 as core

_NODE = "spec.nodeName"

_OF_POD: dict[str, Callable[[References], frozenset[str]]] = {
    "secrets": lambda references: references.secrets,
    "configmaps": lambda references: references.config_maps,
    "persistentvolumeclaims": lambda references: references.claims,
    "serviceaccounts": lambda references: references.service_accounts,
}


class NodePods:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._follower = Follower(cache.of(registry.PODS))
        self._on: dict[str, set[Key]] = {}
        self._references: dict[Key, tuple[int, References]] = {}

    def concerns(self, node: str, resource: str, key: Key) -> bool:
        """Whether the object is a pod of the node, or one that a pod of the node refers to."""
        self._refresh()
        if resource == registry.PODS.plural:
            return key in self._on.get(node, ())
        if resource == registry.PERSISTENT_VOLUMES.plural:
            return any(key.name == volume for volume in self._volumes(node))
        names_of = _OF_POD[resource]
        pods = (pod for pod in self._on.get(node, ()) if pod.namespace == key.namespace)
        return any(key.name in names_of(self._references_of(pod)) for pod in pods)

    def _volumes(self, node: str) -> Iterator[str]:
        claims = self._cache.of(registry.PERSISTENT_VOLUME_CLAIMS)
        for pod in self._on.get(node, ()):
            for name in self._references_of(pod).claims:
                claim = claims.get(Key(pod.namespace, name))
                if claim is not None:
                    yield cast("core.PersistentVolumeClaim", claim.message()).spec.volume_name

    def _references_of(self, key: Key) -> References:
        record = self._follower.cache.get(key)
        if record is None:
            return References()
        known = self._references.get(key)
        if known is None or known[0] != record.revision:
            known = self._references[key] = record.revision, references_of(cast("core.Pod", record.message()))
        return known[1]

    def _refresh(self) -> None:
        events = self._follower.changes()
        if events is None:
            self._on.clear()
            self._references.clear()
            for record in self._follower.cache.records():
                self._add(record)
        for event in events or ():
            if event.old is not None:
                self._remove(event.old)
            if not event.gone:
                self._add(event.new)

    def _add(self, record: Record) -> None:
        node = record.field(_NODE)
        if node:
            self._on.setdefault(node, set()).add(record.key)

    def _remove(self, record: Record) -> None:
        node = record.field(_NODE)
        pods = self._on.get(node)
        if pods is not None:
            pods.discard(record.key)
            self._references.pop(record.key, None)
            if not pods:
                del self._on[node]
